import { ETCD_STEPS } from '../tiers/etcd/steps/kinds.ts'
import { expect, test } from 'vitest'
import type { Observed } from '../tiers/etcd/facts/observed.ts'
import type { BlockReason } from './step.ts'
import type { Next, Step } from '../tiers/etcd/steps/steps.ts'
import { loop } from './loop.ts'

/** Counts the observations; nothing else observed matters here. */
type Look = Observed & { readonly look: string }
const look = (name: string) => ({ look: name }) as Look
const { signal } = new AbortController()

const restart = (host: string): Step => ({
  kind: 'restart',
  host,
  what: 'restart',
  why: 'old',
  danger: 'restart',
})
const compare: Step = { kind: 'compare', what: 'compare', why: 'before', danger: 'none' }
const steps = (...wave: Step[]): Next => ({ kind: 'steps', steps: wave })

/** Returns these answers by what was last observed; records observations and executed stages, in order. */
async function run(
  answers: Readonly<Record<string, Next>>,
  blocked: readonly BlockReason[] = [],
): Promise<readonly string[]> {
  const seen: string[] = []
  let waves = 0
  await loop<Observed, Step>({
    steps: ETCD_STEPS,
    observed: look('first'),
    foreseen: { blocked },
    decide: (observed) => answers[(observed as Look).look] ?? { kind: 'done' },
    runWave: async (_observed, wave) => {
      seen.push(...wave.map(({ kind, host }) => `${kind} ${host ?? ''}`.trim()))
      waves += 1
      return look(`after ${waves}`)
    },
    lookAgain: async (observed) => {
      seen.push('look')
      return look(`${(observed as Look).look} again`)
    },
    signal,
  })
  return seen
}

test('the machines are observed again before every restart but one right after the first observation', async () => {
  const again = { 'after 1': steps(restart('b')), 'after 1 again': steps(restart('b')) }
  expect(await run({ first: steps(restart('a')), ...again })).toEqual(['restart a', 'look', 'restart b'])
})

test('what is seen then counts: a restart that is wrong by now does not happen', async () => {
  const instead = { 'after 1': steps(restart('b')), 'after 1 again': steps(compare) }
  expect(await run({ first: steps(restart('a')), ...instead })).toEqual(['restart a', 'look', 'compare'])
})

test('no second observation for work that stops no member', async () => {
  expect(await run({ first: steps(restart('a')), 'after 1': steps(compare) })).toEqual([
    'restart a',
    'compare',
  ])
})

test('a plan that ends in a refusal is not started; one whose end waits for a person is', async () => {
  const refused = run({ first: steps(compare) }, [{ message: 'that can not be', hint: 'do another thing' }])
  await expect(refused).rejects.toMatchObject({ code: 'blocked', hint: 'do another thing' })
  const started = run({ first: steps(compare) }, [{ message: 'somebody stopped it', putsOff: true }])
  expect(await started).toEqual(['compare'])
})

/** The same stage each time, this often. */
const often = (step: Step, count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [at === 0 ? 'first' : `after ${at}`, steps(step)] as const),
  )

test('what only waits may have to wait again, and not for ever; what changes nothing else ends at once', async () => {
  expect(await run(often(compare, 4))).toEqual(['compare', 'compare', 'compare', 'compare'])
  await expect(run(often(compare, 5))).rejects.toMatchObject({ code: 'moved' })
  const write: Step = {
    kind: 'network',
    network: { prefix: '', config: {}, v2: false },
    before: '',
    what: '',
    why: '',
    danger: 'none',
  }
  await expect(run(often(write, 2))).rejects.toMatchObject({ code: 'moved' })
})
