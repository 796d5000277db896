import { Code, ConnectError } from '@connectrpc/connect'
import { describe, expect, test, vi } from 'vitest'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { type Recorder, startRecorder } from './recorder.ts'
import type { AvailabilityReport } from './report.ts'
import { type Faults, FakeCluster, atTurn, refused, unanswered } from './testing.ts'
import { judgeAvailability } from './verdict.ts'

/** Records on a cluster of three until this many writes are acknowledged; `midway` runs after half of them. */
async function record(
  faults: Faults,
  midway: (cluster: FakeCluster) => void = () => undefined,
  writes = 24,
): Promise<{ readonly report: AvailabilityReport; readonly cluster: FakeCluster }> {
  const cluster = new FakeCluster()
  const members = cluster.members(3)
  cluster.faults = faults
  const recorder = await startRecorder({ clients: () => members, rate: 100 })
  await reached(recorder, writes / 2)
  midway(cluster)
  await reached(recorder, writes)
  return { report: await recorder.stop(), cluster }
}

async function reached(recorder: Recorder, writes: number): Promise<void> {
  await vi.waitFor(() => expect(recorder.progress().writes).toBeGreaterThanOrEqual(writes), {
    timeout: 60_000,
    interval: 5,
  })
}

// Concurrent, because each of them mostly waits.
describe.concurrent('the recorder', () => {
  test('a calm cluster shows no impact, and nothing is left in it', async () => {
    const { report, cluster } = await record({})
    expect(judgeAvailability(report)).toEqual({ unnoticed: true, reasons: [] })
    expect(report.watch).toMatchObject({ events: report.writes.acknowledged, resumed: 0, unchecked: 0 })
    expect(report).toMatchObject({ verified: true, cleaned: true, lostWrites: 0, troubles: [] })
    expect(report.leader.seen).toMatchObject([{ member: 'etcd01', term: 2 }])
    expect(cluster.keys).toEqual([])
  })

  test.each([5, 30])('an acknowledged write that was lost (the %i. of many) is found', async (turn) => {
    const { report } = await record({ loseWrite: atTurn(turn) }, undefined, 150)
    expect(report.lostWrites).toBe(1)
    expect(judgeAvailability(report).reasons).toContainEqual(expect.stringMatching(/^1 .*lost$/))
  })

  test('the very last write that was lost is found by reading back', async () => {
    const cluster = new FakeCluster()
    const members = cluster.members(3)
    const hurry = new AbortController()
    const recorder = await startRecorder({ clients: () => members, rate: 20, signal: hurry.signal })
    cluster.faults = { loseWrite: () => true }
    await reached(recorder, 2)
    hurry.abort()
    expect((await recorder.stop()).lostWrites).toBeGreaterThan(0)
  })

  test('a change that the watch missed is detected, and is not a lost write', async () => {
    const { report } = await record({ hideEvent: atTurn(4) })
    expect(report).toMatchObject({ watch: { missing: 1, duplicates: 0, resumed: 0 }, lostWrites: 0 })
    expect(judgeAvailability(report).reasons).toContainEqual(expect.stringMatching(/^1 .*missing /))
  })

  test('a change that comes twice is found', async () => {
    const { report } = await record({ repeatEvent: atTurn(4) })
    expect(report).toMatchObject({ watch: { missing: 0, duplicates: 1 }, lostWrites: 0 })
  })

  test('a revision that goes back is found', async () => {
    const { report } = await record({ oldRevision: atTurn(20) })
    expect(report.revisionsBackwards).toBe(1)
    expect(judgeAvailability(report).unnoticed).toBe(false)
  })

  test('a read that does not show what was acknowledged before it is found', async () => {
    let stale = false
    const { report } = await record({ staleRead: () => stale }, () => {
      stale = true
    })
    expect(report.reads.stale).toBeGreaterThan(0)
  })

  test('a write whose answer was lost is tried again, and done once', async () => {
    const lost = atTurn(6)
    const { report } = await record({ loseAnswer: lost })
    expect(report.writes).toMatchObject({ failed: 0, retried: 1 })
    expect(report).toMatchObject({ lostWrites: 0, watch: { missing: 0, duplicates: 0 } })
    expect(report.watch.events).toBe(report.writes.acknowledged)
  })

  test('a watch that ends is taken up without a gap', async () => {
    const { report } = await record({ endWatch: atTurn(7) })
    expect(report.watch).toMatchObject({ resumed: 1, missing: 0, duplicates: 0, unchecked: 0 })
    expect(report.watch.events).toBe(report.writes.acknowledged)
  })

  test('a stopped member is skipped: nothing fails, and its errors are reported', async () => {
    const { report } = await record({ refuse: (member) => (member === 'etcd02' ? refused() : undefined) })
    expect(report).toMatchObject({ writes: { failed: 0 }, reads: { failed: 0 } })
    expect(judgeAvailability(report).unnoticed).toBe(true)
    expect(report.members.find(({ name }) => name === 'etcd02')?.attempts ?? 0).toBe(0)
  })

  test('a member that stops during the run costs attempts, and no operation', async () => {
    let down = false
    const { report } = await record(
      { refuse: (member) => (down && member === 'etcd02' ? refused() : undefined) },
      () => {
        down = true
      },
    )
    expect(report).toMatchObject({ writes: { failed: 0 }, reads: { failed: 0 }, lostWrites: 0 })
    expect(report.members.find(({ name }) => name === 'etcd02')).toMatchObject({
      failures: { refused: expect.any(Number) },
      lastError: 'nothing listens',
    })
  })

  test('what no member would take has failed', async () => {
    const full = new QuorateError('etcd', 'full', { cause: new ConnectError('x', Code.ResourceExhausted) })
    let isFull = false
    const cluster = new FakeCluster()
    const members = cluster.members(3)
    cluster.faults = { refuse: (_member, method) => (isFull && method === 'Txn' ? full : undefined) }
    const recorder = await startRecorder({ clients: () => members, rate: 100 })
    await reached(recorder, 5)
    isFull = true
    await vi.waitFor(() => expect(recorder.progress().failed).toBeGreaterThan(3), { timeout: 60_000 })
    const report = await recorder.stop()
    expect(report.writes.failed).toBeGreaterThan(3)
    expect(report).toMatchObject({ reads: { failed: 0 }, lostWrites: 0, verified: true })
    expect(judgeAvailability(report).reasons.join()).toMatch(/writes failed/)
  })

  test('leaders are counted by their terms', async () => {
    const { report } = await record(
      {},
      (cluster) => {
        cluster.leader = 3n
        cluster.term = 4n
      },
      120,
    )
    expect(report.leader).toMatchObject({ changes: 1, firstTerm: 2, lastTerm: 4 })
    expect(report.leader.seen).toMatchObject([{ member: 'etcd01' }, { member: 'etcd03', term: 4 }])
  })

  test('a learner is not asked', async () => {
    const cluster = new FakeCluster()
    cluster.learners.add('etcd03')
    const members = cluster.members(3)
    const recorder = await startRecorder({ clients: () => members, rate: 100 })
    await reached(recorder, 10)
    const report = await recorder.stop()
    expect(report.members.map(({ name, attempts }) => [name, attempts > 0])).toEqual([
      ['etcd01', true],
      ['etcd02', true],
      ['etcd03', false],
    ])
  })

  test('members may be others from one moment to the next', async () => {
    const cluster = new FakeCluster()
    let members: MemberClient[] = cluster.members(1)
    const recorder = await startRecorder({ clients: () => members, rate: 100 })
    await reached(recorder, 5)
    members = [cluster.member('new01', 9n)]
    await vi.waitFor(() => expect(cluster.asked.get('new01') ?? 0).toBeGreaterThan(20), { timeout: 60_000 })
    const report = await recorder.stop()
    expect(report).toMatchObject({ writes: { failed: 0 }, lostWrites: 0, watch: { missing: 0 } })
  })

  test("an expired lease is the probe's own fault, and not a loss of the cluster", async () => {
    const { report } = await record({}, (cluster) => cluster.expireLeases(), 120)
    expect(report.lostWrites).toBe(0)
    expect(report.troubles).toEqual([expect.stringContaining('lease')])
  })

  test("what can't be read back does not count as verified", async () => {
    let gone = false
    const cluster = new FakeCluster()
    const members = cluster.members(3)
    const stopping = new AbortController()
    cluster.faults = { refuse: () => (gone ? unanswered() : undefined) }
    const recorder = await startRecorder({ clients: () => members, rate: 50, signal: stopping.signal })
    await reached(recorder, 5)
    gone = true
    stopping.abort()
    const report = await recorder.stop()
    expect(report).toMatchObject({ verified: false, cleaned: false, lostWrites: 0 })
    expect(report.troubles.join()).toMatch(/reading back: no answer/)
    expect(judgeAvailability(report).unnoticed).toBe(false)
  })

  test('without an answer it does not begin', async () => {
    const cluster = new FakeCluster()
    const denied = new QuorateError('etcd', 'denied', { cause: new ConnectError('x', Code.PermissionDenied) })
    cluster.faults = { refuse: () => denied }
    const members = cluster.members(3)
    await expect(startRecorder({ clients: () => members })).rejects.toBe(denied)
    await expect(startRecorder({ clients: () => members, rate: 1_000 })).rejects.toThrow(/1 to 100/)
    await expect(startRecorder({ clients: () => [] })).rejects.toFail('etcd/no-voting-member')
  })
})
