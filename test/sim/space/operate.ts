/** One run of a storage command in the simulated world: show, lock, observe again, and the real loop. */
import { sameSteps } from '../../../src/engine/approval.ts'
import { foresee } from '../../../src/engine/foresee.ts'
import { loop } from '../../../src/engine/loop.ts'
import type { BlockReason, Next, Plan } from '../../../src/engine/step.ts'
import { QuorateError } from '../../../src/errors.ts'
import type { Standing } from '../../../src/tiers/etcd/facts/standing.ts'
import { ETCD_STEPS } from '../../../src/tiers/etcd/steps/kinds.ts'
import {
  type SpaceFacts,
  type SpaceStep,
  advance,
  predictSpace,
  spaceKind,
} from '../../../src/tiers/etcd/steps/space.ts'
import type { SpaceVerb } from '../../../src/verbs/space/run.ts'
import { Failure } from '../failure.ts'
import { fresh } from '../world.ts'
import { type Agreed, spaceModel } from './model.ts'
import { SpaceViolation } from './violation.ts'
import { type SpaceWorld, look } from './world.ts'

export type Outcome =
  | { readonly kind: 'done'; readonly steps: number }
  | { readonly kind: 'blocked'; readonly reasons: readonly BlockReason[] }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'died' | 'locked' }

export interface Interruption {
  /** Counted from 0. */
  readonly wave: number
  readonly how: 'dies' | 'loses'
  /** How much of that stage is done by then, in thousandths. 1000: all, and the answer is lost. */
  readonly cut: number
}

/** Moments between which something may happen. `looking`: after this many members were asked. */
export interface Moments {
  readonly shown?: () => void
  readonly looking?: (look: number, asked: number) => void
  /** @returns whether something happened. */
  readonly wave?: (wave: number) => Promise<boolean>
}

export interface Run<F extends SpaceFacts> {
  readonly verb: SpaceVerb<F>
  readonly agreed: (shown: readonly SpaceStep[]) => Omit<Agreed, 'members'>
  readonly interruption?: Interruption | undefined
  readonly takesOver?: boolean
  /** For the test of the test: it ignores the lock. */
  readonly lockless?: boolean
  readonly moments?: Moments
}

export async function operate<F extends SpaceFacts>(space: SpaceWorld, run: Run<F>): Promise<Outcome> {
  const { world } = space
  const token = `lock ${fresh(world)}`
  let last: Next<SpaceStep> | undefined
  let steps = 0
  let looks = 0
  let waves = 0
  /** Something else happened since the last stage. */
  let disturbed = false
  const { verb, interruption, moments = {} } = run
  const decide = (facts: F) => (last = verb.decide(facts))
  const see = (): Standing => {
    looks += 1
    return look(space, (asked) => moments.looking?.(looks, asked))
  }
  try {
    space.blind = false
    const shown = foreseen(verb, verb.begin(see()))
    if (shown.blocked.length > 0) return refused(shown.blocked)
    if (shown.waves.length === 0) return { kind: 'done', steps }
    if (world.lock !== undefined && run.takesOver !== true) return { kind: 'locked' }
    moments.shown?.()
    world.lock = token
    space.blind = false
    const started = verb.begin(see())
    const now = foreseen(verb, started)
    if (now.blocked.length > 0) return refused(now.blocked)
    if (!sameSteps(essence(shown), essence(now), ETCD_STEPS))
      return { kind: 'failed', message: 'it is not as it was shown' }
    const all = shown.waves.flat()
    const members = all.flatMap((step) => (step.kind === 'defragment' ? [step.host] : []))
    const model = spaceModel(space, { ...run.agreed(all), members: new Set(members) })
    await loop<F, SpaceStep>({
      observed: started,
      foreseen: now,
      decide,
      runWave: async (facts, wave) => {
        if (waves > 40) throw new SpaceViolation('effect', wave.map(({ what }) => what).join())
        const pieces = wave.flatMap((step) => spaceKind(step).simulate(model, step))
        const cut = interruption?.wave === waves ? interruption.cut : 1000
        for (const piece of pieces.slice(0, Math.ceil((pieces.length * cut) / 1000))) {
          if (world.lock !== token) {
            if (run.lockless !== true) throw new Failure('the lock was lost')
            throw new SpaceViolation('one-operator', wave.map(({ what }) => what).join())
          }
          piece()
        }
        if (interruption?.wave === waves) throw new Failure('the tool was interrupted')
        steps += wave.length
        const current = waves
        waves += 1
        space.blind = false
        const happened = await moments.wave?.(current)
        // It may have missed an event during its observation.
        const standing = see()
        disturbed = happened === true || space.blind
        return { ...facts, standing, progress: wave.reduce(advance, facts.progress) }
      },
      steps: ETCD_STEPS,
      signal: new AbortController().signal,
    })
  } catch (error) {
    if (error instanceof Failure && interruption?.wave === waves && interruption.how === 'dies')
      return { kind: 'died' }
    if (error instanceof QuorateError && last?.kind === 'blocked') return refused(last.reasons)
    const moved = error instanceof QuorateError && error.code === 'moved'
    if (moved && !disturbed) throw new SpaceViolation('effect', error.message)
    if (!moved && !(error instanceof Failure)) throw error
    return { kind: 'failed', message: error.message }
  } finally {
    if (world.lock === token) world.lock = undefined
  }
  return { kind: 'done', steps }
}

function ids(steps: readonly SpaceStep[]): string {
  return steps.map(ETCD_STEPS.idOf).join(', ')
}

/** The shown plan, and a check that its steps lead exactly to that. */
function foreseen<F extends SpaceFacts>(verb: SpaceVerb<F>, facts: F): Plan<SpaceStep> {
  const { steps: planned, blocked } = verb.plan(facts)
  const plan = foresee<F, SpaceStep>(facts, {
    decide: verb.decide,
    predict: predictSpace,
    infeasible: () => [],
    steps: ETCD_STEPS,
  })
  if (ids(planned) !== ids(plan.waves.flat()) || blocked.length !== plan.blocked.length)
    throw new SpaceViolation('as-shown', `${ids(planned)}; but ${ids(plan.waves.flat())}`)
  return plan
}

/** Leadership may have moved by itself since. */
function essence({ waves }: Plan<SpaceStep>): readonly SpaceStep[] {
  return waves.flat().filter(({ kind }) => kind !== 'move-leader')
}

function refused(reasons: readonly BlockReason[]): Outcome {
  const silent = reasons.find(({ message, hint }) => message === '' || (hint ?? '') === '')
  if (silent !== undefined) throw new SpaceViolation('ends-with-reason', JSON.stringify(silent))
  return { kind: 'blocked', reasons }
}
