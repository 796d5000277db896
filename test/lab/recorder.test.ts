/** The availability probe against real members: what it reports about a calm cluster, and about one with faults. */
import { readFile, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { KV } from '../../src/etcd/gen/kv_pb.ts'
import { prefixEnd, utf8 } from '../../src/etcd/keys.ts'
import type { Machine } from '../../src/lab/machine.ts'
import { loadClusterFile } from '../../src/cluster-file/load.ts'
import { openClusterSession } from '../../src/verbs/open-session.ts'
import type { OperationRecord } from '../../src/engine/operation-record.ts'
import { openRecorderClients } from '../../src/tiers/etcd/recorder-clients.ts'
import { status } from '../../src/verbs/status/status.ts'
import type { Availability } from '../../src/engine/with-recorder.ts'
import type { Session } from '../../src/tiers/etcd/session.ts'
import { PROBE_PREFIX, startRecorder } from '../../src/recorder/recorder.ts'
import type { AvailabilityReport } from '../../src/recorder/report.ts'
import { judgeAvailability, stallLimitMs } from '../../src/recorder/verdict.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { noticed } from './support/events.ts'
import { OPERATION_MS } from './support/etcd-client.ts'
import { applied, stateFolder } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const MEMBERS = ['etcd01', 'etcd02', 'etcd03']

/** What must hold whatever happened to the members. */
const INTACT = {
  lostWrites: 0,
  revisionsBackwards: 0,
  watch: { missing: 0, duplicates: 0, unchecked: 0 },
  reads: { stale: 0 },
  verified: true,
  cleaned: true,
  troubles: [],
}

describe.skipIf(whyNoLab())('the recorder', () => {
  let lab: TestLab
  let firstApply: string
  let session: Session
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    firstApply = await applied(lab, {}, ['--json'])
    const { cluster } = await loadClusterFile(lab.clusterFile)
    session = await openClusterSession(cluster)
  })
  afterAll(async () => {
    await session[Symbol.asyncDispose]()
    await lab.down()
  })

  test('notices nothing where nothing happens, and leaves nothing', async () => {
    const file = path.join(lab.folder, 'calm.json')
    const { stdout, exitCode } = await quorate(lab, [
      'probe',
      '--for',
      '2s',
      '--rate',
      '20',
      '--json',
      '--output',
      file,
    ])
    const { report, verdict } = JSON.parse(stdout) as Availability
    expect({ exitCode, verdict }).toEqual({ exitCode: 0, verdict: { unnoticed: true, reasons: [] } })
    expect(report).toMatchObject({ ...INTACT, ratePerSecond: 20, leader: { changes: 0 } })
    const { writes, reads, watch, members } = report
    expect(writes).toMatchObject({ failed: 0, tried: writes.acknowledged })
    expect(reads).toMatchObject({ failed: 0, tried: reads.acknowledged })
    // The watch reported every write, and every member had its share of the work.
    expect(watch.events).toBe(writes.acknowledged)
    expect(writes.acknowledged).toBeGreaterThan(10)
    expect(members.map(({ name, attempts }) => [name, attempts > 5])).toEqual(
      MEMBERS.map((name) => [name, true]),
    )
    expect(writes.latencyMs.p50).toBeGreaterThan(0)
    expect(writes.latencyMs.p50).toBeLessThanOrEqual(writes.latencyMs.max)
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ formatVersion: 1, report, verdict })
    expect(await leftInEtcd()).toEqual([])
  })

  test('a follower that is killed goes unnoticed', async () => {
    const report = await recordThrough(async () => {
      const { follower } = await roles()
      await follower.signalPid(await follower.mainPid('etcd'), 'KILL')
      await healthy()
    })
    expect(report).toMatchObject({
      ...INTACT,
      writes: { failed: 0 },
      reads: { failed: 0 },
      leader: { changes: 0 },
    })
  })

  test('a leader that is killed costs an election, and no write', async () => {
    const report = await recordThrough(async () => {
      const { leader } = await roles()
      await leader.signalPid(await leader.mainPid('etcd'), 'KILL')
      await healthy()
    })
    expect(report).toMatchObject({ ...INTACT, writes: { failed: 0 }, reads: { failed: 0 } })
    expect(report.leader.changes).toBeGreaterThan(0)
    expect(report.writes.worstGapMs).toBeGreaterThan(0)
    expect(report.writes.worstGapMs).toBeLessThan(2 * stallLimitMs())
  })

  test('a follower that is cut off from its peers is passed over', async () => {
    const report = await recordThrough(async () => {
      const { follower } = await roles()
      await follower.cutNetwork({ ports: [2380] })
      await sleep(2_500)
      await follower.restoreNetwork()
      await healthy()
    })
    expect(report).toMatchObject({ ...INTACT, writes: { failed: 0 }, reads: { failed: 0 } })
    expect(report.members.filter(({ failed }) => failed > 0)).toHaveLength(1)
  })

  test('members that all stand still for three seconds are noticed, and nothing is lost', async () => {
    const report = await recordThrough(async () => {
      const frozen = await Promise.all(
        lab.machines.map(async (machine) => ({ machine, pid: await machine.mainPid('etcd') })),
      )
      await Promise.all(frozen.map(async ({ machine, pid }) => await machine.freezePid(pid)))
      await sleep(3_000)
      await Promise.all(frozen.map(async ({ machine, pid }) => await machine.thawPid(pid)))
      await healthy()
    })
    expect(report).toMatchObject(INTACT)
    expect(report.writes.worstGapMs).toBeGreaterThan(2_500)
    expect(report.reads.worstGapMs).toBeGreaterThan(2_500)
    expect(judgeAvailability(report).reasons.join()).toMatch(/writes stalled for \d/)
  })

  test('runs during an apply that changes something, and is kept with its events', async () => {
    const drift = async () => await lab.machine('etcd01').check(['chmod', '600', '/etc/etcd/options.env'])
    expect(firstApply).not.toContain('availability')
    await drift()
    const lines = (await quorateOk(lab, ['apply', '--json'])).trim().split('\n')
    const events = lines.map((line) => JSON.parse(line) as { type: string; availability?: Availability })
    const told = events.find(({ type }) => type === 'availability')
    expect(told).toMatchObject({ report: INTACT })
    expect(noticed(told as Availability | undefined)).toEqual([])
    expect(events.at(-1)).toMatchObject({ type: 'done', availability: { report: INTACT } })

    const folder = path.join(stateFolder(lab), 'operations')
    const [first = '', name = '', ...others] = (await readdir(folder)).sort()
    expect({ name, others }).toEqual({ name: expect.stringMatching(/^\d{8}T.*Z-apply\.json$/), others: [] })
    // The first apply has one, too: without a client, and with all its steps.
    const before = JSON.parse(await readFile(path.join(folder, first), 'utf8')) as OperationRecord
    expect(before).toMatchObject({ verb: 'apply', error: null, availability: null })
    expect(before.events.filter(({ type }) => type === 'step-done').length).toBeGreaterThan(20)
    expect((await stat(path.join(folder, name))).mode & 0o777).toBe(0o600)
    const record = JSON.parse(await readFile(path.join(folder, name), 'utf8')) as OperationRecord
    expect(record).toMatchObject({
      cluster: 'test',
      verb: 'apply',
      error: null,
      availability: { report: INTACT },
    })
    expect(record.events.map(({ type }) => type)).toContain('step-done')

    await drift()
    const quiet = await quorate(lab, ['apply', '--no-probe'])
    expect(quiet).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('noticed') })
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })

  test('Ctrl-C ends a probe in good order', async () => {
    const { child, ended } = startQuorate(lab, ['probe', '--for', '1m', '--json'])
    await keysAppear()
    child.kill('SIGINT')
    const { stdout, exitCode } = await ended
    const { report } = JSON.parse(stdout) as Availability
    expect(exitCode).toBe(0)
    expect(report).toMatchObject(INTACT)
    expect(await leftInEtcd()).toEqual([])
  })

  test('what a killed probe leaves hangs on a lease', async () => {
    const { child, ended } = startQuorate(lab, ['probe', '--for', '1m'])
    await keysAppear()
    child.kill('SIGKILL')
    await ended
    const left = await leftInEtcd()
    expect(left.length).toBeGreaterThan(0)
    expect(left).not.toContain(false)
  })

  test('without a quorum there is nothing to record', async () => {
    const stopped = ['etcd01', 'etcd02'].map((name) => lab.machine(name))
    await Promise.all(stopped.map(async (machine) => await machine.check(['systemctl', 'stop', 'etcd'])))
    try {
      const { exitCode, stderr } = await quorate(lab, ['probe', '--for', '1s'])
      expect({ exitCode, stderr }).toEqual({ exitCode: 6, stderr: expect.stringContaining('etcd') })
    } finally {
      await Promise.all(
        stopped.map(async (machine) => await machine.check(['systemctl', 'start', '--no-block', 'etcd'])),
      )
    }
    await healthy()
  })

  /** The client-visible impact while this happens, from a second before. */
  async function recordThrough(trouble: () => Promise<void>): Promise<AvailabilityReport> {
    using clients = await openRecorderClients(session)
    const recorder = await startRecorder({ clients: clients.current, operationMs: OPERATION_MS })
    await sleep(1_000)
    await trouble()
    return await recorder.stop()
  }

  async function roles(): Promise<{ readonly leader: Machine; readonly follower: Machine }> {
    const { leader } = (await status(session)).cluster
    const follower = lab.machines.find(({ name }) => name !== leader)
    if (leader === null || follower === undefined) throw new Error('there is no leader')
    return { leader: lab.machine(leader), follower }
  }

  async function healthy(): Promise<void> {
    await vi.waitFor(async () => expect((await status(session)).cluster).toMatchObject({ healthy: true }), {
      timeout: 60_000,
      interval: 200,
    })
  }

  async function keysAppear(): Promise<void> {
    await vi.waitFor(async () => expect(await leftInEtcd()).not.toEqual([]), {
      timeout: 60_000,
      interval: 50,
    })
  }

  /** The probe's keys, and whether each has a lease. */
  async function leftInEtcd(): Promise<readonly boolean[]> {
    const [client] = await session.members(session.cluster.nodes.slice(0, 1))
    const range = { key: utf8(PROBE_PREFIX), rangeEnd: prefixEnd(PROBE_PREFIX) }
    const answer = await client?.call(KV.method.range, range)
    return (answer?.kvs ?? []).map(({ lease }) => lease > 0n)
  }
})
