import { expect, test } from 'vitest'
import { firstBroken, runsOf, testHandedIn } from '../../lives.ts'
import type { Outcome } from '../run.ts'
import { live } from './life.ts'
import { type RecoveryLife, killedEverywhere, recoveryLife } from './scenario.ts'

const runs = runsOf(20)
const variable = 'SIM_RECOVERY_LIFE'
/** For a recovery of three members, and some spare ones. */
const MOST_PIECES = 80

testHandedIn(variable, async (life: RecoveryLife, tell) => await live(life, {}, tell))

test('clusters lose their quorum and are recovered, or that is taken back, while machines fail: no write is lost', async () => {
  const ends: Record<Outcome['kind'], number> = { done: 0, blocked: 0, failed: 0, died: 0, locked: 0 }
  const broken = await firstBroken({ lives: recoveryLife, runs, variable }, async (life) => {
    for (const { kind } of await live(life)) ends[kind] += 1
  })
  expect(broken).toBeUndefined()
  for (const kind of ['done', 'blocked'] as const) expect(ends[kind]).toBeGreaterThan(runs / 20)
  for (const kind of ['failed', 'died'] as const) expect(ends[kind]).toBeGreaterThan(0)
}, 0)

test.each([
  { verb: 'recover', ends: ['died done', 'done blocked'] },
  { verb: 'abandon', ends: ['died done', 'died blocked', 'done done'] },
] as const)(
  'the tool dies before any piece of a recovery, and then somebody asks for it, or takes it back: $verb',
  async ({ verb, ends }) => {
    const seen = new Set<string>()
    for (const life of killedEverywhere({ verb, pieces: MOST_PIECES })) {
      const [first, second] = await live(life)
      seen.add(`${first?.kind} ${second?.kind}`)
    }
    expect([...seen]).toEqual(expect.arrayContaining([...ends]))
    expect(seen.size).toBe(ends.length)
  },
  0,
)

test.each([
  { what: 'loses its data', kind: 'both-lost', declares: false },
  { what: 'is gone with its machine', kind: 'machine-off', declares: true },
] as const)(
  'the tool dies before any piece of a recovery, and then the survivor $what: the old data is put back, and another one goes on',
  async ({ kind, declares }) => {
    const seen = new Set<string>()
    const before = [{ kind, host: 3 }]
    for (const life of killedEverywhere({ verb: 'abandon', pieces: 48, members: 5, before, declares })) {
      const [first, second] = await live(life)
      seen.add(`${first?.kind} ${second?.kind}`)
    }
    // From the first piece to the last one, it can be completed or abandoned.
    expect([...seen]).toEqual(['died done'])
  },
  0,
)

test('quorate dies before any piece of a recovery, and then the surviving member loses its data: it is never started', async () => {
  const seen = new Set<string>()
  const before = [{ kind: 'both-lost', host: 2 }] as const
  for (const life of killedEverywhere({ verb: 'recover', pieces: MOST_PIECES, before })) {
    const [first, second] = await live(life)
    seen.add(`${first?.kind} ${second?.kind}`)
  }
  expect([...seen]).toEqual(expect.arrayContaining(['died blocked']))
}, 0)

test('a new member whose start fails until the surviving member is fixed joins during an observation, which is not to blame', async () => {
  const ask = { verb: 'recover', survivor: undefined, declares: false } as const
  const quiet = { ask, during: undefined, interruption: undefined, heals: false } as const
  const outcomes = await live({
    members: 2,
    begins: [
      { kind: 'write', host: 0 },
      { kind: 'both-lost', host: 1 },
    ],
    rounds: [
      // The new cluster's only member serves by itself; the other one does not find it, and systemd keeps restarting
      // it.
      { ...quiet, before: [{ kind: 'cut-off', host: 0 }] },
      { ...quiet, before: [{ kind: 'crash', host: 0 }] },
    ],
  })
  expect(outcomes.map(({ kind }) => kind)).toEqual(['failed', 'failed'])
})

test('of four members two are left, and the worse one is named: revisions that the other gave out are not given out again', async () => {
  const ask = { verb: 'recover', survivor: 2, declares: false } as const
  const round = { before: [], ask, during: undefined, interruption: undefined, heals: false } as const
  const outcomes = await live({
    members: 4,
    begins: [
      { kind: 'write', host: 0 },
      { kind: 'write', host: 2 },
      { kind: 'both-lost', host: 0 },
      { kind: 'both-lost', host: 1 },
    ],
    rounds: [round],
  })
  expect(outcomes).toMatchObject([{ kind: 'done' }])
})

test('a learner of the new cluster lacks what its only voter acknowledged and lost: its revisions are raised again', async () => {
  const ask = { verb: 'recover', survivor: undefined, declares: true } as const
  const quiet = { before: [], ask, during: undefined, interruption: undefined, heals: false } as const
  const outcomes = await live({
    members: 3,
    begins: [
      { kind: 'write', host: 0 },
      { kind: 'both-lost', host: 1 },
      { kind: 'machine-off', host: 0 },
    ],
    rounds: [
      // The file names two nodes from then on: the surviving member, and the one that joins.
      { ...quiet, interruption: { at: 40, how: 'dies' } },
      {
        ...quiet,
        before: [
          { kind: 'stop', host: 0 },
          { kind: 'write', host: 0 },
          { kind: 'data-lost', host: 1 },
        ],
      },
    ],
  })
  expect(outcomes.map(({ kind }) => kind)).toEqual(['died', 'blocked'])
})

test('data is renamed by a step that is then repeated, and the surviving member is lost: the data is put back', async () => {
  const ask = { verb: 'recover', survivor: undefined, declares: true } as const
  const quiet = { before: [], ask, during: undefined, heals: false } as const
  const outcomes = await live({
    members: 3,
    begins: [
      { kind: 'write', host: 0 },
      // Only its database is left to be renamed.
      { kind: 'wal-lost', host: 0 },
      { kind: 'both-lost', host: 1 },
    ],
    rounds: [
      // All is renamed, but that was not noted.
      { ...quiet, interruption: { at: 37, how: 'dies' } },
      { ...quiet, interruption: { at: 7, how: 'dies' } },
      {
        ...quiet,
        before: [{ kind: 'both-lost', host: 2 }],
        ask: { ...ask, verb: 'abandon' },
        interruption: undefined,
      },
    ],
  })
  expect(outcomes.map(({ kind }) => kind)).toEqual(['died', 'died', 'done'])
})

const RECOVER = { verb: 'recover', survivor: undefined, declares: true } as const
const ROUND = { before: [], ask: RECOVER, during: undefined, interruption: undefined, heals: false } as const

test('the surviving log is damaged after the recovery was decided: nothing is made from it until that is shown', async () => {
  const outcomes = await live({
    members: 2,
    begins: [
      { kind: 'write', host: 0 },
      { kind: 'write', host: 0 },
      { kind: 'log-damaged', host: 0 },
    ],
    rounds: [
      {
        ...ROUND,
        during: { moment: { at: 'piece', piece: 1 }, event: { kind: 'log-damaged', host: 1 } },
      },
      ROUND,
    ],
  })
  expect(outcomes.map(({ kind }) => kind)).toEqual(['failed', 'done'])
})

test('a node is off while the markers of an abandoned recovery are removed: the recovery can still be completed', async () => {
  const outcomes = await live({
    members: 3,
    begins: [
      { kind: 'write', host: 0 },
      { kind: 'both-lost', host: 0 },
      { kind: 'both-lost', host: 1 },
    ],
    rounds: [
      { ...ROUND, interruption: { at: 57, how: 'dies' } },
      {
        ...ROUND,
        ask: { ...RECOVER, verb: 'abandon' },
        during: { moment: { at: 'piece', piece: 0 }, event: { kind: 'machine-off', host: 1 } },
      },
    ],
  })
  expect(outcomes.map(({ kind }) => kind)).toEqual(['died', 'failed'])
})

test.each([
  { what: 'right after it got its vote', at: 44, crashes: true },
  { what: 'once both know each other', at: 48, crashes: false },
])(
  'one of the two members of the new cluster is permanently down $what: another recovery goes on from the other one',
  async ({ at, crashes }) => {
    const off = { kind: 'machine-off', host: 1 } as const
    const outcomes = await live({
      members: 3,
      begins: [
        { kind: 'write', host: 0 },
        { kind: 'machine-off', host: 2 },
        { kind: 'both-lost', host: 1 },
      ],
      rounds: [
        { ...ROUND, interruption: { at, how: 'dies' } },
        { ...ROUND, before: crashes ? [off, { kind: 'crash', host: 0 }] : [off] },
      ],
    })
    expect(outcomes.map(({ kind }) => kind)).toEqual(['died', 'failed'])
  },
)

test('the tool dies before any piece in which it takes a half replaced copy back: a recovery can be completed', async () => {
  const seen = new Set<string>()
  for (let at = 0; at < 24; at += 1) {
    const outcomes = await live({
      members: 3,
      begins: [
        { kind: 'write', host: 0 },
        { kind: 'both-lost', host: 0 },
        { kind: 'both-lost', host: 2 },
      ],
      rounds: [
        { ...ROUND, interruption: { at: 20, how: 'dies' } },
        { ...ROUND, ask: { ...RECOVER, verb: 'abandon' }, interruption: { at, how: 'dies' } },
        ROUND,
      ],
    })
    seen.add(outcomes.map(({ kind }) => kind).join(' '))
  }
  expect([...seen]).toEqual(['died died done'])
}, 0)
