/** Nodes without a member, in a recovery: their API servers and flannel use etcd, and stay stopped until it is complete. */
import { RECOVER } from '../../host/extensions.ts'
import type { Operation } from '../../host/operations.ts'
import { runErrand } from '../../engine/errand.ts'
import type { Lock } from '../../engine/lock.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { combineErrors } from '../../errors.ts'
import { onAll } from '../../ssh/fleet.ts'

/** Skips an unreachable node, as the lock does. @param lost names of nodes that are permanently down */
export async function onEtcdClients(
  session: Session,
  lock: Lock,
  lost: readonly string[],
  operation: Operation,
): Promise<void> {
  const nodes = session.cluster.nodes.filter(
    ({ name, roles }) => !roles.includes('etcd') && !lost.includes(name),
  )
  const { errors } = await onAll(nodes, async (node) => {
    await runErrand(session, lock, node, {
      reason: 'bystander',
      operations: [operation],
      extension: RECOVER,
    })
  })
  const grave = errors.filter(({ code }) => code !== 'unreachable')
  if (grave.length > 0) throw combineErrors(grave)
  for (const { host } of errors) {
    const text = 'unreachable: its API server and flannel were not stopped'
    session.emit({ type: 'warning', host, text })
  }
}
