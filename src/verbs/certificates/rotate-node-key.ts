/** A new key for the node that signs the backups which it takes. */
import { reachableMachines, takeLock } from '../../engine/locking.ts'
import { QuorateError } from '../../errors.ts'
import extension from '../../host/agent/schedule.sh?raw'
import type { Session } from '../../tiers/etcd/session.ts'
import { lookAtSchedule } from '../../schedule/look.ts'
import { NODE_EXPORTER } from '../../schedule/places.ts'
import type { Node } from '../../spec/cluster.ts'
import { isOurs } from '../../schedule/whose.ts'
import { allowSigner, makeSigningKey, requireTools } from '../../schedule/signing.ts'

/**
 * A new key on the node that takes the backups; what the old one signed until now goes on counting.
 *
 * @returns the new one's fingerprint
 * @throws QuorateError `blocked` if no schedule of this cluster is there; `locked`
 */
export async function rotateNodeKey(session: Session, node: Node): Promise<string> {
  const { cluster } = session
  const remote = await session.remote(node)
  const there = await lookAtSchedule(remote, { exporter: NODE_EXPORTER, signal: session.signal })
  if (there.config === undefined || !isOurs(session.cluster, there)) {
    throw new QuorateError('blocked', `takes no backups of ${cluster.name}, so it has no key to sign them`, {
      host: node.name,
      hint: 'see who may sign: quorate backup signers; a schedule brings its key along: quorate backup schedule',
    })
  }
  requireTools(there)
  await using lock = await takeLock(session, {
    purpose: 'backup signers',
    scope: reachableMachines(session.cluster),
  })
  const { lines } = await lock.work(remote, {
    operations: [makeSigningKey(cluster.name, node.name)],
    looks: [],
    extension,
    signal: AbortSignal.any([session.signal, lock.lost]),
  })
  return await allowSigner(session, node, lines)
}
