/** Maintenance commands, killed with -9 before and after each kind of their steps, and rerun each time. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type EtcdClient, INTACT, openEtcdClient } from './support/etcd-client.ts'
import { applied } from './support/fresh.ts'
import { type ToolEvent, held } from './support/held.ts'
import { leftovers } from './support/no-trace.ts'
import { quorateOk } from './support/quorate.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const NODES = ['etcd01', 'etcd02', 'etcd03']
const KILLED = 137
/**
 * What the killed run started on a machine ended during the next run's inspection: it says so, and asks for a rerun.
 */
const MOVED = 9

describe.skipIf(whyNoLab())('killed at every kind of step and run again', () => {
  let lab: TestLab
  let etcdClient: EtcdClient
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await applied(lab)
    etcdClient = await openEtcdClient(lab)
  })
  afterAll(async () => {
    etcdClient[Symbol.dispose]()
    await lab.down()
  })

  test.each([
    { words: ['restart', ...NODES], kills: 4 },
    { words: ['defrag', '--all'], kills: 4 },
    { words: ['move-leader'], kills: 2 },
  ])('$words', async ({ words, kills }) => {
    const recorder = await etcdClient.record()
    expect(await killedEverywhere([...words, '--yes'])).toHaveLength(kills)
    await etcdClient.healthyVoters(3)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    await nothingLeft()
    expect(await recorder.stop()).toMatchObject({ ...INTACT, writes: { failed: 0 }, reads: { failed: 0 } })
  })

  test('stop and start', async () => {
    const recorder = await etcdClient.record()
    const [, follower = ''] = await etcdClient.healthyVoters(3)
    expect((await killedEverywhere(['stop', follower, '--yes'])).length).toBeGreaterThan(0)
    expect(await lab.machine(follower).mainPid('etcd')).toBe(0)
    expect((await killedEverywhere(['start', follower, '--yes'])).length).toBeGreaterThan(0)
    await etcdClient.healthyVoters(3)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    expect(await recorder.stop()).toMatchObject({ ...INTACT, writes: { failed: 0 }, reads: { failed: 0 } })
  })

  test('reset: what it moved is there once, and nothing is left', async () => {
    // In this order: what a killed run has started may end before that is noticed, and does not happen again.
    const first = ['step-started stop', 'step-done aside']
    expect(await killedEverywhere(['reset', '--confirm', 'test'], first)).toEqual(
      expect.arrayContaining(first),
    )
    for (const machine of lab.machines) {
      const kept = await machine.check(['sh', '-c', 'ls -d /opt/etcd/data* /opt/etcd/wal* /etc/ssl/etcd*'])
      const names = kept.trim().split('\n')
      expect(names.filter((name) => /\/data\.before-reset-/.test(name))).toHaveLength(1)
      expect(names.filter((name) => /\/wal\.before-reset-/.test(name))).toHaveLength(1)
      expect(names).not.toContain('/opt/etcd/data')
    }
    await nothingLeft()
  })

  /** Programs need a moment to end after a hangup. */
  async function nothingLeft(): Promise<void> {
    await vi.waitFor(async () => expect(await leftovers(lab.machines)).toEqual([]), { timeout: 60_000 })
  }

  /**
   * Kills it at the first moment of a kind at which no earlier run was killed, until one completes. Returns the
   * moments.
   * @param first those that come before all others, one for each run
   */
  async function killedEverywhere(
    words: readonly string[],
    first: readonly string[] = [],
  ): Promise<readonly string[]> {
    const seen: string[] = []
    const isNew = (event: ToolEvent) => {
      const moment = momentOf(event)
      const awaited = first.find((one) => !seen.includes(one))
      return awaited === undefined
        ? /^step-(started|done)$/.test(event.type ?? '') && !seen.includes(moment)
        : moment === awaited
    }
    for (;;) {
      const { exitCode, happened, stderr } = await held(lab, words, [
        {
          at: isNew,
          act: async (event, tool) => {
            seen.push(momentOf(event))
            tool.kill('SIGKILL')
          },
        },
      ])
      if (happened === 0 && exitCode === 0) return seen
      if (happened === 0 && exitCode === MOVED) continue
      // A run that has already printed its last line may complete.
      if (happened === 0 || ![0, KILLED].includes(exitCode))
        throw new Error(`${words.join(' ')} ended with exit code ${exitCode}: ${stderr}`)
    }
  }
})

function momentOf({ type, step }: ToolEvent): string {
  return `${type} ${step?.kind}`
}
