/** Renews certificates of a cluster in use, and of one whose certificates have all expired. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../src/lab/tool.ts'
import { memberName } from '../../src/spec/member-name.ts'
import type { Availability } from '../../src/engine/with-recorder.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type OpensslCa, forge } from './support/authority.ts'
import { applied, stateFolder } from './support/fresh.ts'
import { eventOf, noticed } from './support/events.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { statusOf } from './support/status.ts'
import { openssl, operatorFiles } from './support/tools.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const MEMBERS = ['etcd01', 'etcd02', 'etcd03']
const PKI_FAILED = 4
const UNCONFIRMED = 12
const EXPIRED = { notBefore: '20250101000000Z', notAfter: '20250601000000Z' }

interface Done {
  readonly changed: boolean
  readonly served: readonly { readonly host: string; readonly port: string; readonly serial: string }[]
  readonly clients: readonly { readonly name: string }[]
  readonly availability?: Availability
}

describe.skipIf(whyNoLab())('certs renew', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await applied(lab)
  })
  afterAll(async () => await lab.down())

  const on = async (name: string, script: string) => await lab.machine(name).check(['sh', '-euc', script])
  const pids = async () =>
    await Promise.all(lab.machines.map(async (machine) => await machine.mainPid('etcd.service')))
  const keys = async () =>
    await Promise.all(MEMBERS.map(async (name) => await on(name, 'sha256sum /etc/ssl/etcd/etcd.key')))
  /** The serial numbers that all members serve on both ports, as openssl sees them. */
  const serials = async () =>
    Object.fromEntries(
      await Promise.all(
        MEMBERS.flatMap((name) =>
          [2379, 2380].map(async (port) => [`${name}:${port}`, await serialServed(name, port)] as const),
        ),
      ),
    )
  const serialServed = async (name: string, port: number) => {
    const [ca, certificate, key] = operatorFiles(lab)
    const target = `${lab.machine(name).address}:${port}`
    const client = ['-CAfile', ca, '-cert', certificate, '-key', key]
    const shown = await run(['timeout', '10', 'openssl', 's_client', '-connect', target, ...client], {
      stdin: '',
    })
    const { stdout } = await run(['openssl', 'x509', '-noout', '-serial'], { stdin: shown.stdout })
    return stdout.trim().replace('serial=', '')
  }
  const renewed = async (...args: string[]): Promise<Done> => {
    const output = await quorateOk(lab, ['certs', 'renew', '--json', '--yes', ...args])
    return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Done
  }
  const ca = (): OpensslCa => {
    const folder = path.join(stateFolder(lab), 'ca')
    return { certificate: path.join(folder, 'ca.crt'), key: path.join(folder, 'ca.key') }
  }
  /** Puts a certificate with these dates next to a member's key. */
  const backdate = async (name: string, dates: { readonly notBefore: string; readonly notAfter: string }) => {
    const folder = path.join(lab.folder, `forged-${name}`)
    await mkdir(folder, { recursive: true })
    const csr = await on(name, `openssl req -new -key /etc/ssl/etcd/etcd.key -subj /CN=${name}`)
    const dns = `DNS:${name},DNS:localhost,DNS:${memberName('test')}`
    const names = `${dns},IP:${lab.machine(name).address},IP:127.0.0.1,IP:::1`
    const pem = await forge(folder, ca(), { csr, names, ...dates })
    const chain = pem + (await readFile(ca().certificate, 'utf8'))
    await lab.machine(name).writeFile('/root/forged.crt', chain)
    await on(name, 'cat /root/forged.crt >/etc/ssl/etcd/etcd.crt; rm /root/forged.crt')
  }

  test('all of them, however young: new ones on every port, the same keys and processes, no client-visible impact', async () => {
    const before = { pids: await pids(), keys: await keys(), serials: await serials() }
    await quorateOk(lab, ['certs', 'client', 'anna'])
    const done = await renewed('--all')
    const after = await serials()
    expect(done.served.map(({ host, port }) => `${host} ${port}`)).toEqual(
      MEMBERS.flatMap((name) => [`${name} client`, `${name} peer`]),
    )
    for (const { host, port, serial } of done.served)
      expect(after[`${host}:${port === 'client' ? 2379 : 2380}`]).toBe(serial)
    for (const [where, serial] of Object.entries(before.serials)) expect(after[where]).not.toBe(serial)
    expect({ pids: await pids(), keys: await keys() }).toEqual({ pids: before.pids, keys: before.keys })
    expect(done.clients.map(({ name }) => name)).toEqual(['quorate-operator', 'anna'])
    expect(done.availability?.report).toMatchObject({ writes: { failed: 0 }, lostWrites: 0 })
    expect(done.availability?.report.writes.acknowledged).toBeGreaterThan(0)
    expect(noticed(done.availability)).toEqual([])
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
  })

  test('only what is past the share of its life, and only where it is asked for', async () => {
    const day = 86_400_000
    const dates = (age: number, left: number) => ({
      notBefore: asn1(new Date(Date.now() - age * day)),
      notAfter: asn1(new Date(Date.now() + left * day)),
    })
    await backdate('etcd01', dates(50, 50))
    await backdate('etcd02', dates(70, 40))
    await backdate('etcd03', dates(80, 40))
    // A question without an answer changes nothing.
    const before = await serials()
    const asked = await quorate(lab, ['certs', 'renew'])
    expect(asked.exitCode).toBe(UNCONFIRMED)
    expect(asked.stderr).toMatch(/etcd03\n.*is 80 of 120 days old/)
    expect(asked.stderr).not.toContain('etcd01\n')
    expect(await serials()).toEqual(before)

    expect((await renewed('etcd01')).changed).toBe(false)
    expect((await renewed('etcd02', '--older-than', '60%')).changed).toBe(true)
    const between = await serials()
    expect(changed(before, between)).toEqual(['etcd02:2379', 'etcd02:2380'])
    await renewed()
    expect(changed(between, await serials())).toEqual(['etcd03:2379', 'etcd03:2380'])
  })

  test('killed between request and certificate: the next run uses the request that waits', async () => {
    const before = { keys: await keys(), pids: await pids() }
    const killed = startQuorate(lab, ['certs', 'renew', '--all', '--yes', '--json'])
    let text = ''
    killed.child.stdout?.on('data', (piece: Buffer) => {
      text += piece.toString()
      if (/"type":"step-done".*"kind":"key"/.test(text)) killed.child.kill('SIGKILL')
    })
    expect((await killed.ended).exitCode).toBe(137)
    expect(await on('etcd01', 'ls /etc/ssl/etcd/')).toBe('ca.crt\nca.env\netcd.crt\netcd.key\n')
    await renewed('--all')
    expect({ keys: await keys(), pids: await pids() }).toEqual(before)
    expect(await on('etcd01', 'ls /etc/ssl/etcd.d')).not.toContain('pending')
    expect((await statusOf(lab)).report.cluster.healthy).toBe(true)
  })

  test("all expired, the operator's too, and every member restarted since: they reconnect by themselves", async () => {
    await quorateOk(lab, ['etcdctl', '--', 'put', 'before', 'expiry'])
    for (const name of MEMBERS) await backdate(name, EXPIRED)
    const [, certificate, key] = operatorFiles(lab)
    const { stdout: csr } = await run([
      'openssl',
      'req',
      '-new',
      '-key',
      key,
      '-subj',
      '/CN=quorate-operator',
    ])
    const folder = path.join(lab.folder, 'forged-operator')
    await mkdir(folder)
    const pem = await forge(folder, ca(), { csr, names: 'DNS:localhost', ...EXPIRED })
    await writeFile(certificate, pem)
    const serving = await pids()
    for (const name of MEMBERS) await on(name, 'systemctl restart --no-block etcd.service')
    // A leader that finds no peer to transfer leadership to stops late: until then its old process serves.
    await expect
      .poll(async () => (await pids()).filter((pid) => serving.includes(pid)), { timeout: 60_000 })
      .toEqual([])
    const { cluster } = (await statusOf(lab)).report
    expect(cluster).toMatchObject({ healthy: false, healthyMembers: 0 })
    // No member serves its certificate any more: it is read on the nodes.
    for (const { message, hint } of cluster.problemDetails)
      expect([message, hint]).toEqual([
        expect.stringMatching(/\/etcd\.crt expired .*\d{4}-\d\d-\d\d$/),
        expect.stringMatching(/quorate certs renew$/),
      ])

    // Only one: it reports what is done, and what is left.
    const one = await quorateOk(lab, ['certs', 'renew', 'etcd02', '--yes', '--json'])
    const warned = one.split('\n').flatMap((line) => (line === '' ? [] : [eventOf(line)]))
    expect(warned).toContainEqual(
      expect.objectContaining({ type: 'warning', id: 'certificate-also-due', host: 'etcd01' }),
    )
    const starting = await pids()
    await renewed()
    expect(await pids()).toEqual(starting)
    expect((await statusOf(lab)).report.cluster.healthy).toBe(true)
    expect(await quorateOk(lab, ['etcdctl', '--', 'get', 'before', '--print-value-only'])).toBe('expiry\n')
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
  })

  test('one certificate for everything becomes one each for peers and clients, without client-visible impact', async () => {
    await lab.writeCluster({ pki: { layout: 'separate' } })
    const output = await quorateOk(lab, ['apply', '--yes', '--json'])
    const done = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Done
    expect(done.availability?.report).toMatchObject({ writes: { failed: 0 }, lostWrites: 0 })
    const served = await serials()
    expect(new Set(Object.values(served)).size).toBe(6)
    // What the processes read before their restart is of no use now, and is replaced with the next certificate.
    await renewed('--all')
    expect(await on('etcd01', 'ls /etc/ssl/etcd/')).toBe(
      'ca.crt\nca.env\npeer.crt\npeer.key\nserver.crt\nserver.key\n',
    )
    expect(changed(served, await serials())).toHaveLength(6)
    await lab.writeCluster({})
    await quorateOk(lab, ['apply', '--yes', '--no-probe'])
    expect((await statusOf(lab)).report.cluster.healthy).toBe(true)
  })

  test('a CA that is about to expire is refused, and nothing is touched', async () => {
    const before = await serials()
    const folder = path.join(lab.folder, 'short')
    await mkdir(folder)
    const { key, certificate } = ca()
    const subject = (
      await run(['openssl', 'x509', '-in', certificate, '-noout', '-subject', '-nameopt', 'RFC2253'])
    ).stdout
    const common = /CN=([^,\n]+)/.exec(subject)?.[1] ?? ''
    // The same key and name, but near its expiry: it still recognizes the certificates that it issued.
    const short = path.join(folder, 'ca.crt')
    const request = [
      'req',
      '-x509',
      '-new',
      '-key',
      key,
      '-subj',
      `/CN=${common}`,
      '-days',
      '10',
      '-out',
      short,
    ]
    const usage = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign']
    await openssl(request, usage)
    await lab.writeCluster({ pki: { authority: { local: { certificate: short, key } } } })
    const refused = await quorate(lab, ['certs', 'renew', '--all', '--yes'])
    expect(refused.exitCode).toBe(PKI_FAILED)
    expect(refused.stderr).toMatch(/CA CN=.* expires on [^]*quorate certs rotate-ca/)
    await lab.writeCluster({})
    expect(await serials()).toEqual(before)
  })
})

function changed(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  return Object.keys(before).filter((where) => before[where] !== after[where])
}

/** `20260101000000Z` */
function asn1(date: Date): string {
  return date.toISOString().replaceAll(/[-:T]|\.\d+/g, '')
}
