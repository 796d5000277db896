/** Maintenance of a running cluster: leadership transferred, members restarted, stopped and started, space freed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT_CODES } from '../../src/errors.ts'
import type { QuotaReport } from '../../src/verbs/space/quota.ts'
import type { Availability } from '../../src/engine/with-recorder.ts'
import { startRecorder } from '../../src/recorder/recorder.ts'
import { saidBy } from '../../src/tiers/etcd/facts/judge-facts.ts'
import { type Session, allMembers } from '../../src/tiers/etcd/session.ts'
import { viewMembers } from '../../src/tiers/etcd/facts/view-members.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { tolerates } from '../../src/verbs/power/decide.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { OPERATION_MS } from './support/etcd-client.ts'
import { noticed, runJson } from './support/events.ts'
import { fill, sessionOf } from './support/fill.ts'
import { applied } from './support/fresh.ts'
import { finish } from './support/held.ts'
import { leftovers } from './support/no-trace.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { statusOf } from './support/status.ts'
import { talk } from './support/terminal.ts'
import { NOTHING_TO_CHANGE, UNCHANGED } from './support/unchanged.ts'

const MIB = 1024 ** 2
const MEMBERS = ['etcd01', 'etcd02', 'etcd03']
const BLOCKED = 8

interface Event {
  readonly type?: string
  readonly step?: { readonly kind: string; readonly host?: string; readonly what: string }
  readonly availability?: Availability
  readonly members?: readonly {
    readonly host: string
    readonly beforeBytes: number
    readonly afterBytes: number
  }[]
}

const etcd = (quotaBytes = 20 * MIB) => ({
  etcd: { ...LAB_ETCD, settings: { 'quota-backend-bytes': quotaBytes } },
})

describe.skipIf(whyNoLab())('the upkeep of a cluster', () => {
  let lab: TestLab
  /** For inspecting and filling at the same time as the program under test. */
  let session: Session
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await applied(lab, etcd())
    session = await sessionOf(lab)
  })
  afterAll(async () => {
    await session[Symbol.asyncDispose]()
    await lab.down()
  })

  test('leadership is transferred as requested, without client-visible impact', async () => {
    const to = (await followers())[1] ?? ''
    const { availability } = await done(['move-leader', to, '--yes', '--json'])
    expect(await leader()).toBe(to)
    expect(availability?.report).toMatchObject({ lostWrites: 0, writes: { failed: 0 }, reads: { failed: 0 } })
    expect(availability?.report.leader.changes).toBe(1)
    expect(await quorateOk(lab, ['move-leader', to])).toContain(UNCHANGED)
    expect(await quorateOk(lab, ['move-leader', '--yes'])).toMatch(/moved leadership/)
    expect(await leader()).not.toBe(to)
  })

  test('without a yes nothing is done', async () => {
    const before = await pids()
    for (const words of [
      ['restart', 'etcd01'],
      ['stop', 'etcd01'],
      ['defrag', '--all'],
      ['compact', '--keep', '1'],
    ]) {
      expect(await quorate(lab, words)).toFail('unconfirmed', { fix: '--yes' })
    }
    expect(await pids()).toEqual(before)
  })

  test('a restart of all: followers first, leadership moved before the leader, no write fails', async () => {
    // In the middle of the second one's restart; the resulting state doesn't matter.
    expect(await killedAt(['restart', ...MEMBERS, '--yes', '--json'], 3)).toMatchObject({ killed: true })
    // The node may still be completing that restart: then the preview of start is stale, and the command is rerun.
    await finish(lab, ['start', ...MEMBERS])
    const [before, led] = [await pids(), await leader()]
    const { availability, steps } = await done(['restart', ...MEMBERS, '--yes', '--json'])
    const after = await pids()
    for (const name of MEMBERS) expect(after[name]).not.toBe(before[name])
    expect(steps.map(({ kind }) => kind)).toEqual(['restart', 'restart', 'move-leader', 'restart'])
    expect(steps.at(-1)?.host).toBe(led)
    expect(noticed(availability)).toEqual([])
    expect(availability?.report.leader.changes).toBe(1)
    expect(await leftovers(lab.machines)).toEqual([])
  })

  test('stopping stays within the quorum, unless it is forced by name; it lasts until start, or an apply that is asked for it', async () => {
    const [first = '', second = ''] = await followers()
    // A single key, or a shell line typed during the inspection, stops no member.
    const question = "Type 'yes'"
    const turns = ['y', 'yum install etcd', 'no'].map((line) => ({ question, line }))
    expect(await talk(lab, ['stop', first], turns, 'yes')).toMatchObject({ exitCode: EXIT_CODES.declined })
    expect(await lab.machine(first).mainPid('etcd')).not.toBe(0)
    expect(await quorateOk(lab, ['stop', first, '--yes'])).toMatch(new RegExp(`2 of 3 .*: ${tolerates(0)}`))
    const state = await lab.machine(first).exec(['systemctl', 'is-enabled', 'etcd'])
    expect(state.stdout).toBe('disabled\n')
    expect(await lab.machine(first).mainPid('etcd')).toBe(0)
    // It was intentional: apply says so and leaves it stopped, also after a reboot.
    await lab.machine(first).kill()
    await lab.machine(first).boot()
    // The connection ended with the machine.
    await session[Symbol.asyncDispose]()
    session = await sessionOf(lab)
    const left = await runJson(lab, ['apply'])
    expect({ exitCode: left.exitCode, steps: left.steps }).toEqual({ exitCode: 0, steps: [] })
    expect(left.notes).toEqual([expect.stringContaining(`quorate start ${first}`)])
    expect(await lab.machine(first).mainPid('etcd')).toBe(0)
    const { cluster } = (await statusOf(lab)).report
    expect(cluster.notes).toEqual([expect.stringContaining(`${first}: stopped with quorate stop (20`)])
    const { stopped, changes } = JSON.parse((await quorate(lab, ['plan', '--json'])).stdout) as {
      readonly stopped: readonly string[]
      readonly changes: number
    }
    expect({ stopped, changes }).toEqual({ stopped: [first], changes: 0 })

    const refused = await quorate(lab, ['stop', second, '--yes'])
    expect(refused).toFail('blocked/quorum-would-be-lost', { says: /2 of 3 .*\b2\b/ })
    expect(refused.stdout).toBe('')
    expect(await quorate(lab, ['defrag', '--all', '--yes'])).toFail(
      'blocked/member-down-before-defragmentation',
      { host: first },
    )
    expect(await quorate(lab, ['stop', second, '--force', '--yes'])).toMatchObject({ exitCode: 12 })
    expect(await lab.machine(second).mainPid('etcd')).not.toBe(0)

    const forced = await quorate(lab, ['stop', second, '--force', '--confirm', 'test'])
    expect(forced).toMatchObject({ exitCode: 1, stdout: expect.stringContaining(`stopped ${second}\n`) })
    expect(forced.stdout).toContain(tolerates(-1))

    // Without a quorum apply would wait in vain: it names the members to start.
    expect(await quorate(lab, ['apply', '--yes'])).toFail('blocked', {
      fix: `quorate start ${[first, second].toSorted().join(' ')}`,
    })
    expect(await quorateOk(lab, ['start', second])).toContain('2 of 3 voting members answer')
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    expect(await quorateOk(lab, ['apply', '--start-stopped'])).toContain('done')
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, healthyMembers: 3 })
  })

  test('from NOSPACE to writable, killed at every step: what is done is not done again, and readers notice nothing', async () => {
    const clients = await allMembers(session)
    const recorder = await startRecorder({ clients: () => clients, operationMs: OPERATION_MS })
    expect(await fill(session, 'history', 1_000_000)).toBeGreaterThan(5)
    expect(await quorate(lab, ['alarms'])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('NOSPACE'),
    })
    // etcd repeats its alarms among a member's errors: each is shown once.
    const { problemDetails } = (await statusOf(lab)).report.cluster
    expect(new Set(problemDetails.map(({ kind }) => kind))).toEqual(new Set(['alarm']))
    const early = await quorate(lab, ['alarms', 'disarm', '--yes'])
    expect(early).toFail('blocked', { fix: 'quorate space reclaim' })

    // Killed one event later each time, until a run completes.
    const rewritten: string[] = []
    let runs = 0
    for (let killed = true; killed;) {
      runs += 1
      const run = await killedAt(['space', 'reclaim', '--yes', '--json'], runs)
      const events = run.events.filter(
        ({ type, step }) => type === 'step-done' && step?.kind === 'defragment',
      )
      rewritten.push(...events.flatMap(({ step }) => step?.host ?? []))
      killed = run.killed
      expect(runs).toBeLessThan(20)
    }
    expect(runs).toBeGreaterThan(4)
    expect(new Set(rewritten).size).toBe(rewritten.length)
    const { members, ...rest } = await quotaOf()
    expect(rest).toEqual({ formatVersion: 1, state: 'ok', alarms: [], advice: [] })
    for (const { sizeBytes } of members) expect(sizeBytes).toBeLessThan(10 * MIB)
    expect(await quorateOk(lab, ['etcdctl', '--', 'put', 'again', 'writable'])).toBe('OK\n')

    const report = await recorder.stop()
    expect(report).toMatchObject({ lostWrites: 0, revisionsBackwards: 0, reads: { failed: 0, stale: 0 } })
    expect(report.writes.failed).toBeGreaterThan(0)
  })

  test('live data over the quota: reported, with what to type; then it is writable again', async () => {
    let values = await fill(session, 'live', 100_000)
    let refused = await quorate(lab, ['unjam', '--yes'])
    // The free space between values differs: what was freed is filled, too.
    while (refused.exitCode === 0) {
      values += await fill(session, 'live', 100_000)
      refused = await quorate(lab, ['unjam', '--yes'])
    }
    expect(refused).toFail('blocked/too-much-live-data', {
      says: / MiB .* 20 MiB/,
      fix: ['quota-backend-bytes: 67108864 }', 'quorate apply'],
    })

    await lab.writeCluster(etcd(67_108_864))
    await quorateOk(lab, ['apply', '--yes'])
    const reclaimed = await done(['space', 'reclaim', '--yes', '--json'])
    expect(reclaimed.steps.map(({ kind }) => kind)).toContain('prove-write')
    expect(await quotaOf()).toMatchObject({
      state: 'ok',
      alarms: [],
      members: [{ quotaBytes: 67_108_864 }, {}, {}],
    })
    const deleted = await quorateOk(lab, ['etcdctl', '--', 'del', '/fill/', '--prefix'])
    expect(Number(deleted)).toBeGreaterThanOrEqual(values)
  })

  test('old revisions and free space are removed on request, without impact on writers', async () => {
    expect(await fill(session, 'history', 1_000_000, 8)).toBe(8)
    const words = ['compact', '--keep', '1', '--physical', '--yes', '--json', '--no-probe']
    const { changed, revision = 0 } = await done(words)
    expect(changed).toBe(true)
    const gone = ['etcdctl', '--', 'get', '/fill/same', '--rev', String(revision - 1)]
    expect((await quorate(lab, gone)).stderr).toContain('has been compacted')
    expect(await quorateOk(lab, ['etcdctl', '--', 'get', '/fill/same', '--keys-only'])).toContain(
      '/fill/same',
    )
    const again = ['compact', '--revision', String(revision), '--yes']
    expect(await quorateOk(lab, again)).toContain(UNCHANGED)
    const future = ['compact', '--revision', '999999999', '--yes']
    expect(await quorate(lab, future)).toMatchObject({ exitCode: BLOCKED })

    // There is free space within the file now, but below the threshold.
    expect(await quorateOk(lab, ['defrag'])).toContain(UNCHANGED)
    const led = await leader()
    const { steps, members, availability } = await done(['defrag', '--all', '--yes', '--json'])
    expect(steps.map(({ kind }) => kind)).toEqual(['defragment', 'defragment', 'move-leader', 'defragment'])
    expect(steps.at(-1)?.host).toBe(led)
    for (const { beforeBytes, afterBytes } of members ?? []) expect(afterBytes).toBeLessThan(beforeBytes / 2)
    expect(members).toHaveLength(3)
    expect(noticed(availability)).toEqual([])
    expect(await leader()).not.toBe(led)
  })

  /** Killed with SIGKILL at the start or end of this step, counted from 1; or it completed before. */
  async function killedAt(words: readonly string[], at: number) {
    const events: Event[] = []
    let killed = false
    const { ended } = startQuorate(lab, words, {
      onLine: (line, child) => {
        const event = JSON.parse(line) as Event
        if (killed || !(event.type === 'step-started' || event.type === 'step-done')) return
        events.push(event)
        if (events.length === at) killed = child.kill('SIGKILL')
      },
    })
    const { exitCode, stderr, stdout } = await ended
    if (!killed && exitCode !== 0) throw new Error(`it failed by itself:\n${stdout.slice(-2000)}${stderr}`)
    return { killed, events }
  }

  /** With `--json`: the last line, and the completed steps. */
  async function done(words: readonly string[]) {
    const lines = (await quorateOk(lab, words)).trim().split('\n')
    const events = lines.map((line) => JSON.parse(line) as Event & { changed?: boolean; revision?: number })
    const last = events.at(-1)
    expect(last?.type).toBe('done')
    const steps = events.flatMap(({ type, step }) => (type === 'step-done' && step ? [step] : []))
    return { ...last, steps }
  }

  async function leader(): Promise<string> {
    const name = saidBy(session.cluster, await viewMembers(session)).cluster?.leading
    return name ?? ''
  }

  async function followers(): Promise<readonly string[]> {
    const led = await leader()
    return MEMBERS.filter((name) => name !== led)
  }

  async function pids(): Promise<Record<string, number>> {
    const all = MEMBERS.map(async (name) => [name, await lab.machine(name).mainPid('etcd')] as const)
    return Object.fromEntries(await Promise.all(all))
  }

  async function quotaOf(): Promise<QuotaReport> {
    return JSON.parse((await quorate(lab, ['quota', '--json'])).stdout) as QuotaReport
  }
})
