/**
 * Ask the planner, carry out its stage, observe, ask again. Level-triggered: it keeps no position in a plan, so it doesn't
 * matter where a run was interrupted. The stages run on real nodes, or on the simulation's models of them.
 */
import { QuorateError } from '../errors.ts'
import type { BlockReason, EngineStep, Next, Plan } from './step.ts'
import type { StepRegistry } from './step-registry.ts'

export interface RunReport<F, S extends EngineStep> {
  /** Completed steps, in the order of their stages. */
  readonly done: readonly S[]
  /** The state at the end. */
  readonly observed: F
}

/** `F`: facts, what was observed. `S`: the steps that are decided on. */
export interface Loop<F, S extends EngineStep> {
  /** The state at the beginning, observed under the lock. */
  readonly observed: F
  /** The whole plan from there. A plan that ends in a refusal is not started. */
  readonly foreseen: Pick<Plan<S>, 'blocked'>
  /** The planner, with what is asked for. */
  readonly decide: (observed: F) => Next<S>
  /** @returns the state after the stage. */
  readonly runWave: (observed: F, steps: readonly S[]) => Promise<F>
  /** A fresh observation of everything: before a member is taken down, or waited for, on stages-old facts. */
  readonly lookAgain?: ((observed: F) => Promise<F>) | undefined
  /** Two stages are equal if their work is, whatever their texts. */
  readonly steps: StepRegistry
  readonly signal: AbortSignal
}

/** How often a stage that only waits may repeat. */
const MOST_WAITS = 3

/** @throws QuorateError `blocked` with every reason; `moved` if a stage changed nothing; the error of a stage. */
export async function loop<F, S extends EngineStep>({
  observed: first,
  foreseen,
  decide,
  runWave,
  lookAgain,
  steps,
  signal,
}: Loop<F, S>): Promise<RunReport<F, S>> {
  requireWhole(foreseen)
  const done: S[] = []
  let observed = first
  let previous = ''
  let repeated = 0
  for (;;) {
    signal.throwIfAborted()
    let answer = decide(observed)
    if (lookAgain !== undefined && observed !== first && isDelicate(answer)) {
      observed = await lookAgain(observed)
      answer = decide(observed)
    }
    if (answer.kind === 'done') return { done, observed }
    if (answer.kind === 'blocked') throw blockedError(answer.reasons)
    const wave = answer.steps.map((step) => steps.workOf(step)).join('\n')
    repeated = wave === previous ? repeated + 1 : 0
    // A condition that was met may be unmet again: a server that was just started restarts.
    const onlyWaits = answer.steps.every((step) => steps.actionOf(step) === 'check')
    if (repeated > (onlyWaits ? MOST_WAITS : 0)) throw withoutTrace(answer.steps)
    previous = wave
    observed = await runWave(observed, answer.steps)
    done.push(...answer.steps)
  }
}

/** After a stage only the changed nodes were observed; others may have lost a certificate or data. */
function isDelicate(answer: Next<EngineStep>): boolean {
  return (
    answer.kind === 'steps' &&
    answer.steps.some(({ kind, danger }) => danger === 'restart' || kind === 'await-health')
  )
}

/**
 * Never starts what can't be completed. Exception: steps that wait for a person, or for healthy members: what comes
 * before them is useful by itself.
 *
 * @throws QuorateError `blocked` with every reason
 */
export function requireWhole({ blocked }: Pick<Plan<EngineStep>, 'blocked'>): void {
  if (blocked.some(({ putsOff }) => putsOff !== true)) throw blockedError(blocked)
}

export function blockedError(reasons: readonly BlockReason[]): QuorateError {
  const lines = reasons.map(({ host, message }) => (host === undefined ? message : `${host}: ${message}`))
  const hints = [...new Set(reasons.flatMap(({ hint }) => (hint === undefined ? [] : [hint])))]
  return new QuorateError('blocked', lines.join('\n'), {
    hint: hints.length > 0 ? hints.join('\n') : undefined,
    id: reasons.flatMap(({ id }) => id ?? []),
  })
}

/** Repeating a step that changes nothing would never end. */
function withoutTrace(steps: readonly EngineStep[]): QuorateError {
  const list = steps.map(({ host, what, why }) => `${host ?? 'the cluster'}: ${what} (${why})`)
  return new QuorateError(
    'moved',
    `steps were carried out, but their changes did not persist:\n${list.join('\n')}`,
    {
      hint: 'find out what reverted them (configuration management?), then rerun the command',
    },
  )
}
