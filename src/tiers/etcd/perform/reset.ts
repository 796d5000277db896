/** Carries out a reset: each machine's steps in one round trip, and a look whether they left a trace. */
import { QuorateError, combineErrors } from '../../../errors.ts'
import type { Lock } from '../../../engine/lock.ts'
import { looksFor, parseHostState } from '../../../host/observe.ts'
import type { Node } from '../../../spec/cluster.ts'
import { onAll } from '../../../ssh/fleet.ts'
import { type ResetIntent, resetSteps } from '../plan/reset.ts'
import type { Session } from '../session.ts'
import type { Supplies } from '../steps/kind.ts'
import { hostKind } from '../steps/kinds.ts'
import type { ResetStep } from '../steps/steps.ts'

/** Each step is one operation of the agent, and needs nothing from this computer. */
const NOTHING: Supplies = { artifact: undefined, certificates: {}, bundle: undefined }

export interface ResetReport {
  readonly done: readonly ResetStep[]
  readonly moved: readonly { readonly host: string; readonly from: string; readonly to: string }[]
}

/**
 * One round trip a machine, all machines at once.
 *
 * @param session whose signal aborts when the lock is lost, too
 * @throws QuorateError what a step failed with; `moved` for one that left no trace
 */
export async function carryOutReset(
  session: Session,
  lock: Lock,
  intent: ResetIntent,
  nodes: readonly Node[],
  steps: readonly ResetStep[],
): Promise<ResetReport> {
  session.emit({ type: 'wave', steps })
  const work = nodes.filter(({ name }) => steps.some(({ host }) => host === name))
  const { results, errors } = await onAll(work, async (node) => {
    const own = steps.filter(({ host }) => host === node.name)
    const { notes, lines } = await runSteps(session, lock, node, own)
    const { member } = parseHostState(node.name, true, lines)
    const left = member === undefined ? [] : resetSteps(intent, node.name, member)
    if (left.length > 0) throw leftOver(node, left)
    return notes.map(parseMoved)
  })
  if (errors.length > 0) throw combineErrors(errors)
  const moved = results.flatMap(({ host, value }) => value.map(({ from, to }) => ({ host, from, to })))
  return { done: steps, moved }
}

async function runSteps(session: Session, lock: Lock, node: Node, steps: readonly ResetStep[]) {
  let current = 0
  let started = performance.now()
  const begin = () => {
    const step = steps[current]
    started = performance.now()
    if (step) session.emit({ type: 'step-started', step })
  }
  begin()
  try {
    return await lock.work(await session.remote(node), {
      operations: steps.flatMap((step) => hostKind(step).operations(step, NOTHING)),
      looks: looksFor(session.cluster, node),
      signal: session.signal,
      onDone: (done) => {
        const step = steps[done]
        if (step === undefined) return
        session.emit({ type: 'step-done', step, durationMs: performance.now() - started })
        current = done + 1
        begin()
      },
    })
  } catch (error) {
    const step = steps[current]
    const message = error instanceof Error ? error.message : String(error)
    if (step) session.emit({ type: 'step-failed', step, message })
    throw error
  }
}

function leftOver(node: Node, steps: readonly ResetStep[]): QuorateError {
  const list = steps.map(({ what, why }) => `${what} (${why})`).join('; ')
  return new QuorateError('moved', `changes did not persist: ${list}`, {
    host: node.name,
    hint: 'find out what reverted them (configuration management?), then rerun quorate reset',
  })
}

/** `moved FROM TO`, as the agent says it; paths from a cluster file hold no spaces. */
function parseMoved(note: string): { from: string; to: string } {
  const [, from = '', to = ''] = note.split(' ')
  return { from, to }
}
