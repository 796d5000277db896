import { expect, test } from 'vitest'
import type { Scenario } from './scenario.ts'
import { simulate } from './simulate.ts'

/** One life, logged stage by stage. */
const told = process.env['SIM_LIFE']

test.each(told === undefined ? [] : [told])('the life that was handed in', async (life) => {
  const { rest } = await simulate(JSON.parse(life) as Scenario, { tell: (line) => console.log(line) })
  expect(rest.kind).toMatch(/^(done|blocked|failed)$/)
})

test('a quiet life: one run sets everything up, the next finds nothing to do', async () => {
  const quiet = { edits: [], before: [], interruption: undefined, during: undefined, second: undefined }
  const rounds = [{ ...quiet, heals: false }]
  const { outcomes, rest } = await simulate({
    members: 3,
    established: false,
    old: false,
    version: '3.5.16',
    upgrades: false,
    dialsOut: true,
    rounds,
  })
  expect(outcomes[0]).toMatchObject({ kind: 'done' })
  expect(rest).toEqual({ kind: 'done', steps: 0 })
})

test('a new member that found no other, and then its directory closed, joins when both are fixed', async () => {
  const quiet = { interruption: undefined, during: undefined, second: undefined, heals: false }
  const { outcomes, rest } = await simulate({
    members: 3,
    established: true,
    old: false,
    version: '3.5.16',
    upgrades: false,
    dialsOut: true,
    rounds: [
      { ...quiet, edits: [{ kind: 'shrink', at: 0 }], before: [] },
      { ...quiet, edits: [{ kind: 'shrink', at: 0 }], before: [] },
      // Its only peer does not answer: systemd keeps restarting it.
      { ...quiet, edits: [{ kind: 'as-it-was', at: 0 }], before: [{ kind: 'mute', host: 2 }] },
      { ...quiet, edits: [], before: [{ kind: 'old-owners', host: 0 }] },
    ],
  })
  expect(outcomes.slice(1, -1).map(({ kind }) => kind)).toEqual(['done', 'done', 'failed', 'failed'])
  expect(rest).toMatchObject({ kind: 'done', steps: 0 })
})

test('a member that hangs, on whose machine an upgrade put its etcd and no more, is restarted on the way back', async () => {
  const quiet = { during: undefined, second: undefined, heals: false }
  const { outcomes, rest } = await simulate({
    members: 3,
    established: true,
    old: false,
    version: '3.6.16',
    upgrades: true,
    dialsOut: false,
    rounds: [
      {
        ...quiet,
        edits: [{ kind: 'upgrade', at: 0 }],
        before: [],
        interruption: { wave: 0, how: 'dies', cuts: [1000, 1] },
      },
      {
        ...quiet,
        edits: [{ kind: 'turn-back', at: 0 }],
        before: [{ kind: 'paused', host: 1 }],
        interruption: undefined,
      },
    ],
  })
  expect(outcomes.slice(1, -1).map(({ kind }) => kind)).toEqual(['died', 'done'])
  expect(rest).toMatchObject({ kind: 'done', steps: 0 })
})
