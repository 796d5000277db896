/**
 * Runs an intent to its end: ask the planner, carry out its wave, look, ask again. Level-triggered: it holds no position
 * in a plan, so that where it was interrupted is of no account.
 */
import { QuorateError } from '../errors.ts'
import type { ApplyIntent } from '../plan/intent.ts'
import { next } from '../plan/next.ts'
import type { Observed } from '../plan/observed.ts'
import type { BlockReason, Step } from '../plan/steps.ts'
import type { Lock } from './lock.ts'
import type { Session } from './session.ts'
import { runWave } from './wave.ts'

export interface RunReport {
  /** Steps that were carried out, in the order of their waves. */
  readonly done: readonly Step[]
  /** How things are at the end. */
  readonly observed: Observed
}

/**
 * @throws QuorateError `blocked` with every reason; `moved` if a wave left no trace; what a step threw. The session's
 * events tell what was done until then.
 */
export async function run(
  session: Session,
  lock: Lock,
  intent: ApplyIntent,
  first: Observed,
): Promise<RunReport> {
  const done: Step[] = []
  let observed = first
  let previous = ''
  for (;;) {
    session.signal.throwIfAborted()
    const answer = next(intent, observed)
    if (answer.kind === 'done') return { done, observed }
    if (answer.kind === 'blocked') throw blockedError(answer.reasons)
    const wave = JSON.stringify(answer.steps.map(({ kind, host, what }) => [kind, host, what]))
    if (wave === previous) throw withoutTrace(answer.steps)
    previous = wave
    observed = await runWave(session, lock, observed, answer.steps)
    done.push(...answer.steps)
  }
}

export function blockedError(reasons: readonly BlockReason[]): QuorateError {
  const lines = reasons.map(({ host, message }) => (host === undefined ? message : `${host}: ${message}`))
  const hints = [...new Set(reasons.flatMap(({ hint }) => (hint === undefined ? [] : [hint])))]
  return new QuorateError('blocked', lines.join('\n'), {
    hint: hints.length > 0 ? hints.join('\n') : undefined,
  })
}

/** Pressing on with a step that changes nothing would be going in circles. */
function withoutTrace(steps: readonly Step[]): QuorateError {
  const list = steps.map(({ host, what, why }) => `${host ?? 'the cluster'}: ${what} (${why})`)
  return new QuorateError(
    'moved',
    `these steps were carried out, but what they should change is as before:\n${list.join('\n')}`,
    {
      hint: 'somebody or something else may be undoing them (a configuration management?); look there, then run again',
    },
  )
}
