/** Runs steps that need no supplies and no observation afterwards: a marker, a directory, a member's stop. */
import type { Lock } from '../../engine/lock.ts'
import { runWave } from '../../engine/wave.ts'
import type { Node } from '../../spec/cluster.ts'
import { explained } from './perform/blame.ts'
import type { Session } from './session.ts'
import type { Supplies } from './steps/kind.ts'
import { hostKind } from './steps/kinds.ts'
import type { HostStep } from './steps/steps.ts'

const NOTHING: Supplies = { artifact: undefined, certificates: {}, bundle: undefined }

/**
 * Needs one round trip for each node, all nodes at once.
 *
 * @param nodes the nodes of the steps, in the cluster file or not
 * @throws QuorateError of the first failures, of all nodes together
 */
export async function runPlainWave(
  session: Session,
  lock: Lock,
  nodes: readonly Node[],
  steps: readonly HostStep[],
): Promise<void> {
  if (steps.length === 0) return
  await runWave<HostStep>({ ...session, cluster: { nodes } }, lock, steps, {
    perform: async () => {
      throw new TypeError('a step that is on no machine')
    },
    equip: async () => (_node, own) => ({
      operations: own.map((step) => hostKind(step).operations(step, NOTHING)),
      looks: [],
      sendings: [],
    }),
    explain: async (error) => await explained(session.cluster, error),
  })
}
