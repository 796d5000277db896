/** A new key for the node that signs the backups which it takes. */
import { runErrand } from '../../engine/errand.ts'
import { reachableMachines } from '../../engine/locking.ts'
import { runVerb } from '../../engine/run-verb.ts'
import { QuorateError } from '../../errors.ts'
import extension from '../../host/agent/schedule.sh?raw'
import type { Session } from '../../tiers/etcd/session.ts'
import { type ScheduleThere, lookAtSchedule } from '../../schedule/look.ts'
import { NODE_EXPORTER } from '../../schedule/places.ts'
import type { Node } from '../../spec/cluster.ts'
import { isOurs } from '../../schedule/whose.ts'
import { allowSigner, makeSigningKey, requireTools } from '../../schedule/signing.ts'

/**
 * Creates a new key on the node that takes the backups. Existing signatures of the old key stay valid.
 *
 * @param confirm throws to stop; nothing was changed by then
 * @returns the new key's fingerprint
 * @throws QuorateError `blocked` if the node has no schedule of this cluster; `moved` if its key changed since the
 *   preview; `locked`
 */
export async function rotateNodeKey(
  session: Session,
  node: Node,
  confirm: () => Promise<void>,
): Promise<string> {
  const { result } = await runVerb<Session, ScheduleThere, string>(session, {
    name: 'backup signers',
    decide: async (own) => await lookForKey(own, node),
    confirm: async () => await confirm(),
    scope: () => reachableMachines(session.cluster),
    same: (shown, now) => shown.signingKey === now.signingKey,
    lookHint: 'quorate backup signers',
    probe: () => false,
    carryOut: async ({ session: own, lock }) => {
      const operations = [makeSigningKey(own.cluster.name, node.name)]
      const { lines } = await runErrand(own, lock, node, { reason: 'changes', operations, extension })
      return await allowSigner(own, node, lines)
    },
  })
  return result
}

/** Inspects the schedule on the node. @throws QuorateError `blocked` if it isn't this cluster's, or can't sign */
async function lookForKey(session: Session, node: Node): Promise<ScheduleThere> {
  const { cluster, signal } = session
  const remote = await session.remote(node)
  const there = await lookAtSchedule(remote, { exporter: NODE_EXPORTER, signal })
  if (there.config === undefined || !isOurs(cluster, there)) {
    throw new QuorateError('blocked', `node takes no backups of ${cluster.name}, so it has no signing key`, {
      host: node.name,
      hint: 'list the allowed signers: quorate backup signers; a schedule installs a key: quorate backup schedule',
    })
  }
  requireTools(there)
  return there
}
