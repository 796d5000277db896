/** Carries out a reset: each node's steps in one round trip, and a check that they took effect. */
import { QuorateError } from '../../../errors.ts'
import type { Lock } from '../../../engine/lock.ts'
import { type Moved, movedIn } from '../../../engine/moved.ts'
import { runWave } from '../../../engine/wave.ts'
import { looksFor, parseHostState } from '../../../host/observe.ts'
import type { Node } from '../../../spec/cluster.ts'
import { type ResetIntent, resetSteps } from '../plan/reset.ts'
import type { Session } from '../session.ts'
import type { Supplies } from '../steps/kind.ts'
import { hostKind } from '../steps/kinds.ts'
import type { ResetStep } from '../steps/steps.ts'

/** A reset's steps need nothing from the workstation. */
const NOTHING: Supplies = { artifact: undefined, certificates: {}, bundle: undefined }

export interface ResetReport {
  readonly done: readonly ResetStep[]
  readonly moved: readonly Moved[]
}

/**
 * Needs one round trip for each node, all nodes at once.
 *
 * @param session whose signal also aborts when the lock is lost
 * @param nodes the nodes of the steps, in the cluster file or not
 * @throws QuorateError the failure of a step; `moved` for a step without effect
 */
export async function carryOutReset(
  session: Session,
  lock: Lock,
  intent: ResetIntent,
  nodes: readonly Node[],
  steps: readonly ResetStep[],
): Promise<ResetReport> {
  const worked = await runWave<ResetStep>({ ...session, cluster: { nodes } }, lock, steps, {
    perform: async () => {
      throw new TypeError('a step that is on no machine')
    },
    equip: async () => (node, own) => ({
      operations: own.map((step) => hostKind(step).operations(step, NOTHING)),
      looks: looksFor(session.cluster, node),
      sendings: [],
    }),
    verify: (node, { lines }) => {
      const { member } = parseHostState(node.name, true, lines)
      const left = member === undefined ? [] : resetSteps(intent, node.name, member)
      if (left.length > 0) throw leftOver(node, left)
    },
    explain: async (error) => error,
  })
  return { done: steps, moved: movedIn(worked) }
}

function leftOver(node: Node, steps: readonly ResetStep[]): QuorateError {
  const list = steps.map(({ what, why }) => `${what} (${why})`).join('; ')
  return new QuorateError('moved', `changes did not persist: ${list}`, {
    host: node.name,
    hint: 'find out what reverted them (configuration management?), then rerun quorate reset',
  })
}
