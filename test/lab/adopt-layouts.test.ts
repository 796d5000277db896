/**
 * Installations by other tools and packages, one on each machine: adopted and applied, with their contents and next to
 * other software.
 */
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Machine } from '../../src/lab/machine.ts'
import { loadClusterFile } from '../../src/cluster-file/load.ts'
import type { Cluster } from '../../src/spec/cluster.ts'
import type { ProcessResult } from '../../src/ssh/process.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type Shape, setUpForeign } from './support/foreign.ts'
import { KUBEASZ, PIGSTY, WITH_EVENTS } from './support/layouts.ts'
import { DEBIAN, RPM, TARBALL } from './support/layouts-packaged.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`

/** By the machine's name, which is also the cluster's. */
const LAYOUTS: Readonly<Record<string, Shape>> = {
  kubeasz: KUBEASZ,
  kubespray: WITH_EVENTS,
  pigsty: PIGSTY,
  rpm: RPM,
  debian: DEBIAN,
  tarball: TARBALL,
}

describe.skipIf(reason)(`set-ups of others, adopted and applied${because}`, () => {
  let lab: TestLab
  const outcomes = new Map<string, Outcome>()
  let events: string
  beforeAll(async () => {
    lab = await testLab({ machines: Object.keys(LAYOUTS).map((name) => ({ name })), oneProcessor: false })
    await Promise.all(Object.entries(LAYOUTS).map(async ([name, shape]) => await takeOver(name, shape)))
  })
  afterAll(async () => {
    await lab.down()
  })

  const file = (name: string) => ({ clusterFile: path.join(lab.folder, `${name}.yaml`) })
  const takeOver = async (name: string, shape: Shape) => {
    const machine = lab.machine(name)
    const ca = await setUpForeign(lab, [machine], shape)
    await machine.check([...client(machine, shape), 'put', 'before', name])
    if (name === 'kubespray') {
      await machine.check([...client(machine, shape, 2381), 'put', 'before', 'events'])
      events = await machine.check(EVENTS)
    }
    const login = ['--user', 'root', '--identity-file', lab.identityFile, '--yes', '--json']
    // What is on the machine is found.
    const there = shape.ca === undefined || shape.ca.key !== undefined
    const authority = there ? [] : ['--ca-certificate', ca.certificate, '--ca-key', ca.key]
    const words = ['adopt', '--name', name, '--suite', 'trixie', machine.address, ...login, ...authority]
    const which = name === 'kubespray' ? ['--client-port', '2379'] : []
    const adopted = await quorate(file(name), [...words, ...which])
    const applied = await quorate(file(name), ['apply', '--yes'])
    const again = await quorate(file(name), ['apply'])
    outcomes.set(name, { adopted, applied, again })
  }

  test.each(Object.keys(LAYOUTS))('%s', async (name) => {
    const { adopted, applied, again } = outcomes.get(name) ?? {}
    expect(troubleOf(adopted)).toBe('')
    expect(troubleOf(applied)).toBe('')
    expect(again?.stdout).toBe(NOTHING_TO_CHANGE)
    const { report, exitCode } = await statusOf(file(name))
    expect(exitCode).toBe(0)
    expect(JSON.parse(adopted?.stdout ?? '')).toMatchObject({ cluster: { name, id: report.cluster.id } })
    const kept = ['etcdctl', '--', 'get', 'before', '--print-value-only']
    expect(await quorateOk(file(name), kept)).toBe(`${name}\n`)
    const machine = lab.machine(name)
    expect(
      await machine.check(['sh', '-c', 'ps -o user= -p $(systemctl show etcd -p MainPID --value)']),
    ).toBe('etcd\n')
  })

  test('a second etcd on the machine keeps running unchanged', async () => {
    const machine = lab.machine('kubespray')
    expect(await machine.check(EVENTS)).toBe(events)
    const words = [...client(machine, WITH_EVENTS, 2381), 'get', 'before', '--print-value-only']
    expect(await machine.check(words)).toBe('events\n')
    // It also starts with its own files.
    await machine.check(['systemctl', 'restart', 'etcd-events'])
    expect(await machine.check(words)).toBe('events\n')
  })

  test('the file says what each layout has', async () => {
    expect(await etcdOf(file('kubeasz'))).toMatchObject({
      dataDirectory: '/var/lib/etcd',
      settings: { 'max-request-bytes': '10485760', 'snapshot-count': '50000' },
    })
    expect(await etcdOf(file('pigsty'))).toMatchObject({
      dataDirectory: '/data/etcd',
      settings: { 'auto-compaction-retention': '24h', 'quota-backend-bytes': '17179869184' },
    })
    expect(await etcdOf(file('rpm'))).toMatchObject({ dataDirectory: '/var/lib/etcd/default.etcd' })
    expect(await etcdOf(file('debian'))).toMatchObject({
      dataDirectory: '/var/lib/etcd/default',
      settings: { 'heartbeat-interval': '120', 'election-timeout': '1200' },
    })
    expect(await etcdOf(file('tarball'))).toMatchObject({ dataDirectory: '/opt/etcd/data' })
  })
})

/** The error output, if it did not succeed. */
function troubleOf(result: ProcessResult | undefined): string {
  if (result === undefined) return 'no result'
  return result.exitCode === 0 ? '' : `${result.exitCode}: ${result.stdout}${result.stderr}`
}

async function etcdOf({ clusterFile }: Pick<TestLab, 'clusterFile'>): Promise<Cluster['etcd']> {
  const { cluster } = await loadClusterFile(clusterFile)
  return cluster.etcd
}

interface Outcome {
  readonly adopted: ProcessResult
  readonly applied: ProcessResult
  readonly again: ProcessResult
}

const EVENTS = ['systemctl', 'show', 'etcd-events', '-p', 'MainPID,NRestarts,ActiveState,FragmentPath']

/** etcdctl as the layout's own users call it. */
function client(machine: Machine, shape: Shape, port = 2379): readonly string[] {
  const own = { name: shape.names[0] ?? '', address: machine.address }
  const [certificate] = shape.certificates({ ...own, all: [own] })
  const tls =
    certificate === undefined || shape.ca === undefined
      ? []
      : [`--cacert=${shape.ca.certificate}`, `--cert=${certificate.certificate}`, `--key=${certificate.key}`]
  const scheme = tls.length === 0 ? 'http' : 'https'
  const program = `${shape.binaries ?? '/usr/local/bin'}/etcdctl`
  return ['env', 'ETCDCTL_API=3', program, `--endpoints=${scheme}://${machine.address}:${port}`, ...tls]
}
