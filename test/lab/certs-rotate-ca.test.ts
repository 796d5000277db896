/** Rotates the CA of a cluster in use: killed in every stage, rolled back, and completed. */
import { cp, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../src/lab/tool.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { opensslCa } from './support/authority.ts'
import { applied, stateFolder } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { statusOf } from './support/status.ts'
import { curlHere, fetchFile, openssl } from './support/tools.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const MEMBERS = ['etcd01', 'etcd02', 'etcd03']
const BLOCKED = 8
const ROTATE = ['certs', 'rotate-ca', '--yes', '--json']

interface Stage {
  readonly stage: string
  readonly steps: number
  readonly retired: readonly string[]
  readonly clients: readonly { readonly name: string; readonly result: string }[]
  readonly served: readonly { readonly issuer: string }[]
  readonly availability: {
    readonly report: {
      readonly writes: { readonly failed: number }
      readonly reads: { readonly failed: number }
      readonly lostWrites: number
    }
  }
}

/** Files of a client that received them once and never again. */
interface Client {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

describe.skipIf(whyNoLab())('certs rotate-ca', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await applied(lab)
    await quorateOk(lab, ['etcdctl', '--', 'put', 'before', 'the exchange'])
  })
  afterAll(async () => await lab.down())

  const state = (...names: string[]) => path.join(stateFolder(lab), ...names)
  const pids = async () =>
    await Promise.all(lab.machines.map(async (machine) => await machine.mainPid('etcd.service')))
  const stages = async (...args: string[]): Promise<readonly Stage[]> => {
    const output = await quorateOk(lab, [...ROTATE, ...args])
    const done = JSON.parse(output.trim().split('\n').at(-1) ?? '') as { readonly stages: readonly Stage[] }
    for (const { availability } of done.stages) {
      expect(availability.report).toMatchObject({
        writes: { failed: 0 },
        reads: { failed: 0 },
        lostWrites: 0,
      })
    }
    return done.stages
  }
  /** Runs until an event is seen, and is killed then. */
  const killedAt = async (seen: RegExp, ...args: string[]) => {
    const killed = startQuorate(lab, [...ROTATE, ...args])
    let text = ''
    killed.child.stdout?.on('data', (piece: Buffer) => {
      text += piece.toString()
      if (seen.test(text)) killed.child.kill('SIGKILL')
    })
    expect(await killed.ended).toMatchObject({ exitCode: 137 })
  }
  const handedOut = async (name: string): Promise<Client> => {
    await quorateOk(lab, ['certs', 'client', name])
    const folder = path.join(lab.folder, `handed-out-${name}`)
    await cp(state('clients'), folder, { recursive: true })
    const file = (ending: string) => path.join(folder, ending)
    return { ca: file('ca.crt'), certificate: file(`${name}.crt`), key: file(`${name}.key`) }
  }
  /** Names of the members that answer this client, as curl sees it. */
  const reaches = async ({ ca, certificate, key }: Client): Promise<string[]> => {
    const answers = await Promise.all(
      lab.machines.map(async ({ name, address }) => {
        const url = `https://${address}:2379/health`
        const { stdout } = await curlHere(['--cacert', ca, '--cert', certificate, '--key', key, url])
        return stdout.includes('true') ? [name] : []
      }),
    )
    return answers.flat()
  }
  const issuerOf = async (name: string): Promise<string> => {
    const file = await fetchFile(lab, name, '/etc/ssl/etcd/etcd.crt')
    return (await openssl('x509', '-in', file, '-noout', '-issuer', '-nameopt', 'RFC2253')).trim()
  }
  const issuers = async () => await Promise.all(MEMBERS.map(issuerOf))
  const isIntact = async () => {
    expect((await statusOf(lab)).report.cluster.healthy).toBe(true)
    expect(await quorateOk(lab, ['etcdctl', '--', 'get', 'before', '--print-value-only'])).toBe(
      'the exchange\n',
    )
  }

  test('trusted first, member by member: killed behind the first restart, the next run restarts the others alone', async () => {
    const old = await handedOut('old')
    const elsewhere = path.join(lab.folder, 'another-computer')
    await mkdir(elsewhere)
    await cp(stateFolder(lab), path.join(elsewhere, '.quorate', 'test'), { recursive: true })
    await writeFile(path.join(elsewhere, 'cluster.yaml'), await readFile(lab.clusterFile, 'utf8'))

    const before = await pids()
    await killedAt(/"step-done".*"kind":"restart"/, '--trust-only')
    const between = await pids()
    expect(before.filter((pid, index) => pid !== between[index])).toHaveLength(1)
    // An old copy of the state directory must not undo the rotation.
    const other = await quorate({ clusterFile: path.join(elsewhere, 'cluster.yaml') }, ['apply', '--yes'])
    expect(other).toFail('blocked/unknown-ca', { says: /SHA-256 [0-9a-f]+/ })
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, caExchange: true })

    const [report] = await stages('--trust-only')
    expect(report?.clients).toMatchObject([
      { name: 'quorate-operator', result: 'issued' },
      { name: 'old', result: 'kept' },
    ])
    const after = await pids()
    expect(between.filter((pid, index) => pid !== after[index])).toHaveLength(2)
    expect(new Set(await issuers())).toEqual(new Set(['issuer=CN=test etcd CA']))
    expect(await reaches(old)).toEqual(MEMBERS)
    // Apply knows the stage, and neither continues it nor rolls it back.
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
    await isIntact()
  })

  test('issued by the new one without a restart, killed on the way: the old client is refused nothing yet', async () => {
    const before = await pids()
    const handed = await handedOut('prepared')
    await killedAt(/"step-done".*"kind":"key"/)
    const [, report] = await stages()
    expect(report?.served.map(({ issuer }) => issuer)).toEqual(
      Array.from({ length: 6 }, () => 'CN=test etcd CA 2'),
    )
    expect(await pids()).toEqual(before)
    expect(new Set(await issuers())).toEqual(new Set(['issuer=CN=test etcd CA 2']))
    // With the new ca.crt, a certificate from either CA is valid; without it, the members are not recognized.
    const old = path.join(lab.folder, 'handed-out-old')
    const oldFiles = { certificate: path.join(old, 'old.crt'), key: path.join(old, 'old.key') }
    expect(await reaches({ ...oldFiles, ca: handed.ca })).toEqual(MEMBERS)
    expect(await reaches({ ...oldFiles, ca: path.join(old, 'ca.crt') })).toEqual([])
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
    await isIntact()
  })

  test('rolled back, killed in between: everything is from the old one again, and no member trusts the new one', async () => {
    await killedAt(/"step-done".*"kind":"key"/, '--abort')
    await killedAt(/"step-done".*"kind":"restart"/, '--abort')
    await stages('--abort')
    expect(new Set(await issuers())).toEqual(new Set(['issuer=CN=test etcd CA']))
    const bundles = await quorateOk(lab, ['run', 'etcd', '--', 'grep', '-c', 'BEGIN', '/etc/ssl/etcd/ca.crt'])
    expect(bundles.match(/^\d+$/gm)).toEqual(['1', '1', '1'])
    const old = path.join(lab.folder, 'handed-out-old')
    const files = {
      ca: path.join(old, 'ca.crt'),
      certificate: path.join(old, 'old.crt'),
      key: path.join(old, 'old.key'),
    }
    expect(await reaches(files)).toEqual(MEMBERS)
    expect((await statusOf(lab)).report.cluster.caExchange).toBe(false)
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
    await isIntact()
  })

  test('completed, killed in the last stage: no rollback from there, and no client needs the old one', async () => {
    const [trusted, issued] = await stages()
    expect([trusted?.stage, issued?.stage]).toEqual(['trust', 'issue'])
    await killedAt(/"step-done".*"kind":"restart"/, '--finish')
    const apply = await quorate(lab, ['apply', '--yes'])
    expect(apply).toFail('blocked', { fix: 'quorate certs rotate-ca --finish' })
    const abort = await quorate(lab, [...ROTATE, '--abort'])
    expect(abort).toMatchObject({ exitCode: BLOCKED })
    const [report] = await stages('--finish')
    const [retired = ''] = report?.retired ?? []
    expect(path.dirname(retired)).toBe(stateFolder(lab))
    expect((await stat(path.join(retired, 'ca.key'))).mode & 0o777).toBe(0o600)
    expect(
      (await readdir(stateFolder(lab))).filter((name) => /^ca\.(next|previous|trusted)/.test(name)),
    ).toEqual([])

    const old = path.join(lab.folder, 'handed-out-old')
    const fresh = await handedOut('fresh')
    expect(await reaches(fresh)).toEqual(MEMBERS)
    const oldFiles = { certificate: path.join(old, 'old.crt'), key: path.join(old, 'old.key') }
    expect(await reaches({ ...oldFiles, ca: fresh.ca })).toEqual([])
    // Its key is local, so it is updated.
    const followed = {
      ca: state('clients', 'ca.crt'),
      certificate: state('clients', 'old.crt'),
      key: state('clients', 'old.key'),
    }
    expect(await reaches(followed)).toEqual(MEMBERS)
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
    expect((await quorate(lab, [...ROTATE, '--finish'])).exitCode).toBe(BLOCKED)
    await isIntact()
  })

  test('to an external CA that the cluster file names: the same stages, and back the same way', async () => {
    const foreign = await opensslCa(lab.folder, 'company CA')
    await lab.writeCluster({ pki: { authority: { local: foreign } } })
    const apply = await quorate(lab, ['apply', '--yes'])
    expect(apply).toFail('blocked/certificate-of-another-ca', { fix: 'quorate certs rotate-ca' })
    await stages()
    expect(new Set(await issuers())).toEqual(new Set(['issuer=CN=company CA']))
    const back = await quorate(lab, [...ROTATE, '--abort'])
    expect(back).toFail('blocked/old-ca-is-not-in-the-cluster-file', {
      fix: [lab.clusterFile, 'pki.authority', 'quorate certs rotate-ca --abort'],
    })
    await stages('--finish')
    const bundle = await lab.machine('etcd02').readFile('/etc/ssl/etcd/ca.crt')
    expect(bundle).toBe(await readFile(foreign.certificate, 'utf8'))
    expect((await run(['cat', state('operator', 'ca.crt')])).stdout).toBe(bundle)
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
    await isIntact()
  })
})
