/** Runs an intent to its end, on the nodes of a session. */
import type { ApplyIntent } from './plan/intent.ts'
import { next } from './plan/next.ts'
import type { Facets } from './facts/facets.ts'
import type { Observed } from './facts/observed.ts'
import { type Plan, plan } from './plan/plan.ts'
import type { Lock } from '../../engine/lock.ts'
import { type RunReport, loop } from '../../engine/loop.ts'
import { observeAgain } from './facts/observe.ts'
import type { Next, Step } from './steps/steps.ts'
import type { Session } from './session.ts'
import { runWave } from './wave.ts'

export { blockedError, requireWhole } from '../../engine/loop.ts'

export interface RunOptions {
  /** The whole plan from that state, if already known. */
  readonly foreseen?: Pick<Plan, 'blocked'> | undefined
  /** The next steps, if not everything that the intent asks for. */
  readonly decide?: ((observed: Observed) => Next) | undefined
  /** What to observe after each stage; default: `EVERYTHING`. */
  readonly facets?: Facets | undefined
}

/** @throws QuorateError as `loop` does. The session's events say what was done until then. */
export async function run(
  session: Session,
  lock: Lock,
  intent: ApplyIntent,
  first: Observed,
  options: RunOptions = {},
): Promise<RunReport<Observed, Step>> {
  return await loop({
    observed: first,
    foreseen: options.foreseen ?? plan(intent, first),
    decide: options.decide ?? ((observed) => next(intent, observed)),
    runWave: async (observed, steps) => await runWave(session, lock, observed, steps, options.facets),
    lookAgain: async (observed) => await observeAgain(session, observed, options.facets),
    steps: session.steps,
    signal: session.signal,
  })
}
