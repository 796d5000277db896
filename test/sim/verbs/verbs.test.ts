import { expect, test } from 'vitest'
import { firstBroken, runsOf, testHandedIn } from '../lives.ts'
import { live } from './life.ts'
import { type VerbLife, careLife, verbLife } from './scenario.ts'
import type { Outcome } from './run.ts'

const runs = runsOf(20)
const variable = 'SIM_VERB_LIFE'

testHandedIn(variable, async (life: VerbLife, tell) => await live(life, {}, tell))

const KINDS = [
  {
    what: 'members are stopped, started, restarted, reset, restored and get certificates while machines fail: nothing is harmed',
    lives: verbLife,
    // The minimum number of refused, failed or killed runs in a hundred lives.
    least: 5,
  },
  {
    what: 'data is damaged and repaired, and leadership moved, while machines fail: nothing is harmed',
    lives: careLife,
    // A leadership transfer is a single piece.
    least: 2,
  },
]

test.each(KINDS)(
  '$what',
  async ({ lives, least }) => {
    const ends: Record<Outcome['kind'], number> = { done: 0, blocked: 0, failed: 0, died: 0, locked: 0 }
    const broken = await firstBroken({ lives, runs, variable }, async (life) => {
      for (const { kind } of await live(life)) ends[kind] += 1
    })
    expect(broken).toBeUndefined()
    expect(ends.done).toBeGreaterThan(runs)
    for (const kind of ['blocked', 'failed', 'died'] as const)
      expect(ends[kind]).toBeGreaterThan((runs * least) / 100)
  },
  0,
)

const QUIET = {
  before: [],
  during: undefined,
  interruption: undefined,
  second: undefined,
  heals: false,
} as const

test('a member loses its log right after its restart: no other is restarted, although that was forced', async () => {
  const outcomes = await live({
    members: 3,
    repairs: true,
    rounds: [
      {
        ...QUIET,
        ask: { verb: 'restart', who: 7, force: true },
        // The third observation is the one after the first restart.
        during: { moment: { at: 'looked', after: 6 }, event: { kind: 'wal-lost', host: 1 } },
      },
    ],
  })
  expect(outcomes).toMatchObject([{ kind: 'blocked', reasons: [{ host: 'etcd02' }] }, { kind: 'done' }])
})

test('the leader is stopped while quorate hears fewer than a quorum: leadership moves to a member that answers', async () => {
  const outcomes = await live({
    members: 5,
    rounds: [
      {
        ...QUIET,
        before: [{ kind: 'silent', host: 2 }],
        ask: { verb: 'stop', who: 25, force: true },
      },
    ],
  })
  expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done'])
})

test('a member gets other contents between two observations of one decision, which is not to blame', async () => {
  const outcomes = await live({
    members: 3,
    repairs: true,
    rounds: [
      {
        ...QUIET,
        before: [{ kind: 'slow', host: 1 }],
        ask: { verb: 'repair', who: 7, force: true },
        during: { moment: { at: 'looked', after: 2 }, event: { kind: 'contents-differ', host: 0 } },
      },
    ],
  })
  expect(outcomes.map(({ kind }) => kind)).toEqual(['failed', 'done'])
})

test('a member loses its data between two parts of one stage of a repair, which is not to blame', async () => {
  const outcomes = await live({
    members: 3,
    repairs: true,
    rounds: [
      {
        ...QUIET,
        before: [{ kind: 'contents-differ', host: 0 }],
        ask: { verb: 'repair', who: 1, force: true },
        during: { moment: { at: 'piece', piece: 4 }, event: { kind: 'both-lost', host: 2 } },
      },
    ],
  })
  expect(outcomes[0]).toMatchObject({ kind: 'blocked' })
})

test('a member restarts during an observation, and another operator looks later: the first one is still not to blame', async () => {
  const outcomes = await live({
    members: 3,
    rounds: [
      {
        ...QUIET,
        before: [{ kind: 'silent', host: 2 }],
        ask: { verb: 'stop', who: 1, force: true },
        // At the end of the first operator's last observation.
        during: { moment: { at: 'looked', after: 5 }, event: { kind: 'reboot', host: 1 } },
        second: { piece: 0, takesOver: false, ask: { verb: 'renew', who: 1, force: true } },
      },
    ],
  })
  expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done'])
})

test('a member with a damaged log is started while no other can be reached: that it does not answer is not to blame', async () => {
  const outcomes = await live({
    members: 3,
    repairs: true,
    rounds: [
      {
        ...QUIET,
        before: [
          { kind: 'log-damaged', host: 1 },
          { kind: 'unreachable', host: 0 },
          { kind: 'unreachable', host: 2 },
        ],
        ask: { verb: 'start', who: 2, force: true },
      },
    ],
  })
  expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done'])
})

test.each([
  ['log', { kind: 'log-damaged', host: 1 }, { kind: 'silent', host: 1 }],
  ['contents', { kind: 'contents-differ', host: 1 }, { kind: 'slow', host: 1 }],
] as const)(
  'an interrupted repair left a learner, and then its %s is damaged: it is recreated, not completed',
  async (_, damaged, fault) => {
    const outcomes = await live({
      members: 3,
      repairs: true,
      rounds: [
        {
          ...QUIET,
          before: [damaged],
          ask: { verb: 'repair', who: 2, force: false },
          during: { moment: { at: 'shown' }, event: fault },
          heals: true,
        },
        { ...QUIET, before: [damaged], ask: { verb: 'move-leader', who: 1, force: false } },
      ],
    })
    expect(outcomes.map(({ kind }) => kind)).toEqual(['failed', 'done', 'done'])
  },
)

test('two members are started while two others wait for a quorum: with one of them it is one, and the other is waited for', async () => {
  const outcomes = await live({
    members: 5,
    rounds: [
      { ...QUIET, ask: { verb: 'stop', who: 14, force: true } },
      {
        ...QUIET,
        before: [
          { kind: 'crash', host: 0 },
          { kind: 'crash', host: 4 },
        ],
        ask: { verb: 'apply', who: 0, force: false },
      },
      {
        ...QUIET,
        before: [{ kind: 'mute', host: 3 }],
        ask: { verb: 'start', who: 10, force: false },
      },
    ],
  })
  expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'blocked', 'failed', 'done'])
})
