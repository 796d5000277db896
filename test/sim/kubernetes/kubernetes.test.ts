/** Lives of clusters with Kubernetes. `SIM_KUBERNETES_LIFE='{…}' vitest run --project sim test/sim/kubernetes -t handed` prints one. */
import { expect, test } from 'vitest'
import type { Outcome } from '../operator.ts'
import { firstBroken, runsOf, testHandedIn } from '../lives.ts'
import { type Life, anyLife, live } from './life.ts'

const runs = runsOf(32)
const variable = 'SIM_KUBERNETES_LIFE'

testHandedIn(variable, async (life: Life, tell) => await live(life, undefined, tell))

test('a kubelet that was stopped, and a run that was killed before it started that again, take one API server away', async () => {
  const interruption = { wave: 1, how: 'dies', cuts: [1000, 750, 0, 0, 0] } as const
  const before = [{ kind: 'kubelet-stopped', at: 0 }] as const
  const life: Life = {
    established: true,
    rounds: [{ edit: 'argument', before, between: [], interruption, mends: false }],
  }
  expect((await live(life)).map(({ kind }) => kind)).toEqual(['died', 'done', 'done'])
})

test('an API server that serves without its manifest and kubelet is changed only once the others serve again', async () => {
  const before = [
    { kind: 'kubelet-stopped', at: 0 },
    { kind: 'manifest-deleted', at: 0 },
    { kind: 'api-not-ready', at: 1 },
  ] as const
  const life: Life = {
    established: true,
    rounds: [{ edit: 'argument', before, between: [], interruption: undefined, mends: false }],
  }
  // The first run waits in vain for the one that is not ready.
  expect((await live(life)).map(({ kind }) => kind)).toEqual(['failed', 'done', 'done'])
})

test('a run may give up if no API server is ready in each of its observations, and all are in between', async () => {
  const between = [{ kind: 'api-falters', at: 3, wave: 0 }] as const
  const before = [{ kind: 'api-falters', at: 3 }] as const
  const life: Life = {
    established: true,
    rounds: [{ edit: 'label', before, between, interruption: undefined, mends: true }],
  }
  expect((await live(life)).map(({ kind }) => kind)).toEqual(['failed', 'done', 'done'])
})

test(`${runs} lives of Kubernetes end in done, whatever goes wrong on their way`, async () => {
  const ends: Record<Outcome['kind'], number> = { done: 0, blocked: 0, failed: 0, died: 0, locked: 0 }
  const broken = await firstBroken({ lives: anyLife, runs, variable }, async (life) => {
    for (const { kind } of await live(life)) ends[kind] += 1
  })
  expect(broken).toBeUndefined()
  // The last two runs of each life are; and many others were cut off.
  expect(ends.done).toBeGreaterThan(runs * 2)
  for (const kind of ['blocked', 'failed', 'died'] as const) expect(ends[kind]).toBeGreaterThan(0)
}, 0)
