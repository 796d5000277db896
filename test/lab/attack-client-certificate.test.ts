/** A client's certificate is only for clients: its owner can neither send nor receive Raft messages. */
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRecorder } from '../../src/recorder/recorder.ts'
import { allMembers } from '../../src/tiers/etcd/session.ts'
import { memberName } from '../../src/spec/member-name.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { OPERATION_MS } from './support/etcd-client.ts'
import { forge } from './support/authority.ts'
import { eventOf, restartsOf, runJson } from './support/events.ts'
import { sessionOf } from './support/fill.ts'
import { applied, stateFolder } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { curlHere, operatorFiles } from './support/tools.ts'
import { WHOLE, outcomeOf } from './support/whole.ts'

const MEMBERS = ['etcd01', 'etcd02', 'etcd03']
const CHANGES = 2
const DEMAND = `ETCD_PEER_CERT_ALLOWED_HOSTNAME=${memberName('test')}`

interface Credentials {
  readonly certificate: string
  readonly key: string
}

describe.skipIf(whyNoLab())("a client's certificate", () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await applied(lab)
  })
  afterAll(async () => await lab.down())

  const on = async (name: string, script: string) => await lab.machine(name).check(['sh', '-euc', script])
  const pids = async () =>
    await Promise.all(lab.machines.map(async (machine) => await machine.mainPid('etcd.service')))

  const operator = (): Credentials => {
    const [, certificate, key] = operatorFiles(lab)
    return { certificate, key }
  }
  const client = async (name: string): Promise<Credentials> => {
    const folder = path.join(lab.folder, 'clients')
    await quorateOk(lab, ['certs', 'client', name, '--out', folder])
    return { certificate: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`) }
  }
  /** Each member's answer on this port, as a status code; `refused`: TLS failed. */
  const answers = async ({ certificate, key }: Credentials, port: number, page: string) => {
    const [ca] = operatorFiles(lab)
    const files = ['--cacert', ca, '--cert', certificate, '--key', key]
    return await Promise.all(
      MEMBERS.map(async (name) => {
        const url = `https://${lab.machine(name).address}:${port}${page}`
        const shown = ['--http1.1', '--output', '/dev/null', '--write-out', '%{http_code}']
        const { stdout, stderr } = await curlHere([...shown, ...files, url])
        return /alert/.test(stderr) ? 'refused' : stdout
      }),
    )
  }
  const demanding = async () =>
    await Promise.all(
      lab.machines.map(async (machine) => {
        const environment = await machine.readFile(`/proc/${await machine.mainPid('etcd.service')}/environ`)
        return environment.split('\0').includes(DEMAND)
      }),
    )

  /** Installs a certificate as quorate issued it before members had a name: needs no restart. */
  const takeName = async (name: string) => {
    const folder = path.join(lab.folder, `forged-${name}`)
    await mkdir(folder, { recursive: true })
    const ca = path.join(stateFolder(lab), 'ca')
    const authority = { certificate: path.join(ca, 'ca.crt'), key: path.join(ca, 'ca.key') }
    const csr = await on(name, `openssl req -new -key /etc/ssl/etcd/etcd.key -subj /CN=${name}`)
    const names = `DNS:${name},DNS:localhost,IP:${lab.machine(name).address},IP:127.0.0.1,IP:::1`
    const dates = { notBefore: '20260101000000Z', notAfter: '20360101000000Z' }
    const pem = await forge(folder, authority, { csr, names, ...dates })
    await lab
      .machine(name)
      .writeFile('/root/forged.crt', pem + (await readFile(authority.certificate, 'utf8')))
    await on(name, 'cat /root/forged.crt >/etc/ssl/etcd/etcd.crt; rm /root/forged.crt')
  }

  /** The cluster as it was set up earlier: no member requires a name, or has one. */
  const makeOld = async () => {
    for (const name of MEMBERS) {
      await on(
        name,
        `sed -i '/^${DEMAND.split('=')[0]}=/d' /etc/etcd/options.env; systemctl restart etcd.service`,
      )
    }
    await Promise.all(MEMBERS.map(takeName))
    expect(await demanding()).toEqual([false, false, false])
  }

  test('of any client, opens the client port of a new cluster and no peer port', async () => {
    for (const one of [operator(), await client('apiserver')]) {
      expect(await answers(one, 2379, '/version')).toEqual(['200', '200', '200'])
      for (const page of ['/members', '/version', '/raft/probing'])
        expect(await answers(one, 2380, page)).toEqual(['refused', 'refused', 'refused'])
    }
    expect(await demanding()).toEqual([true, true, true])
  })

  test("never has the members' name, whatever it is called", async () => {
    const asked = await quorate(lab, ['certs', 'client', memberName('test'), '--out', lab.folder])
    expect(asked).toFail('pki/reserved-name', { says: memberName('test') })
  })

  test('speaks Raft to a cluster from before; apply, killed on its way and run again, ends that while clients write', async () => {
    await makeOld()
    expect(await answers(operator(), 2380, '/members')).toEqual(['200', '200', '200'])

    const { stdout: shown, exitCode } = await quorate(lab, ['plan'])
    expect(exitCode).toBe(CHANGES)
    expect(shown).toContain(`lacks DNS ${memberName('test')}, `)
    expect(shown).toContain(`started without ${DEMAND}`)
    await using session = await sessionOf(lab)
    const clients = await allMembers(session)
    const recorder = await startRecorder({ clients: () => clients, operationMs: OPERATION_MS })
    let killed = false
    const first = startQuorate(lab, ['apply', '--yes', '--no-probe', '--json'], {
      onLine: (line, child) => {
        const { type, step } = eventOf(line)
        // Now one member of three requires what the others have, but don't require.
        if (!killed && type === 'step-done' && step?.kind === 'restart') killed = child.kill('SIGKILL')
      },
    })
    await first.ended
    expect(killed).toBe(true)
    expect((await demanding()).filter(Boolean)).toHaveLength(1)
    const rest = await runJson(lab, ['apply', '--yes', '--no-probe'])
    expect(rest.exitCode).toBe(0)
    expect(restartsOf(rest)).toHaveLength(2)

    expect(await recorder.stop()).toMatchObject({
      lostWrites: 0,
      revisionsBackwards: 0,
      verified: true,
      writes: { failed: 0 },
      reads: { failed: 0, stale: 0 },
      watch: { missing: 0, duplicates: 0 },
    })
    expect(await demanding()).toEqual([true, true, true])
    for (const one of [operator(), await client('apiserver')])
      expect(await answers(one, 2380, '/members')).toEqual(['refused', 'refused', 'refused'])
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })

  test('a member that was given an old certificate by hand gets its name back, without a restart', async () => {
    const before = await pids()
    await takeName('etcd02')
    await quorateOk(lab, ['apply', '--yes'])
    const text = await on('etcd02', 'openssl x509 -in /etc/ssl/etcd/etcd.crt -noout -ext subjectAltName')
    expect(text).toContain(`DNS:${memberName('test')}`)
    expect(await pids()).toEqual(before)
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })
})
