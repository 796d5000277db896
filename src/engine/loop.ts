/**
 * Ask the planner, carry out its wave, look, ask again. Level-triggered: it holds no position in a plan, so that where a
 * run was interrupted is of no account. Who carries out the waves is handed in: machines, or the simulation's models of
 * them.
 */
import { QuorateError } from '../errors.ts'
import type { BlockReason, EngineStep, Next, Plan } from './step.ts'
import type { StepRegistry } from './step-registry.ts'

export interface RunReport<F, S extends EngineStep> {
  /** Steps that were carried out, in the order of their waves. */
  readonly done: readonly S[]
  /** How things are at the end. */
  readonly observed: F
}

/** `F`: facts, what was observed. `S`: the steps that are decided on. */
export interface Loop<F, S extends EngineStep> {
  /** How things are at the beginning, seen under the lock. */
  readonly observed: F
  /** The whole plan from there. One that ends in a refusal is not begun. */
  readonly foreseen: Pick<Plan<S>, 'blocked'>
  /** The planner, with what is asked for. */
  readonly decide: (observed: F) => Next<S>
  /** @returns what things are like after the wave. */
  readonly runWave: (observed: F, steps: readonly S[]) => Promise<F>
  /** A fresh look at everything: before a member is taken away, or waited for, on what was seen waves ago. */
  readonly lookAgain?: ((observed: F) => Promise<F>) | undefined
  /** Two waves are the same if the work is, whatever its words. */
  readonly steps: StepRegistry
  readonly signal: AbortSignal
}

/** So often a wave that changes nothing, and only waits, comes again. */
const MOST_WAITS = 3

/** @throws QuorateError `blocked` with every reason; `moved` if a wave left no trace; what a wave threw. */
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
    // What was waited for may be gone again: a server that was just started restarts.
    const onlyWaits = answer.steps.every((step) => steps.actionOf(step) === 'check')
    if (repeated > (onlyWaits ? MOST_WAITS : 0)) throw withoutTrace(answer.steps)
    previous = wave
    observed = await runWave(observed, answer.steps)
    done.push(...answer.steps)
  }
}

/** After a wave only the machines that were worked on have been looked at; on others a certificate, or data, may be lost. */
function isDelicate(answer: Next<EngineStep>): boolean {
  return (
    answer.kind === 'steps' &&
    answer.steps.some(({ kind, danger }) => danger === 'restart' || kind === 'await-health')
  )
}

/**
 * Nothing is begun that can't be ended: the operator would be left with half of it. But for what is put off until a person
 * has done something, or members are well: what comes before that is of use by itself.
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
  })
}

/** Pressing on with a step that changes nothing would be going in circles. */
function withoutTrace(steps: readonly EngineStep[]): QuorateError {
  const list = steps.map(({ host, what, why }) => `${host ?? 'the cluster'}: ${what} (${why})`)
  return new QuorateError(
    'moved',
    `these steps were carried out, but what they should change is as before:\n${list.join('\n')}`,
    {
      hint: 'somebody or something else may be undoing them (a configuration management?); look there, then run again',
    },
  )
}
