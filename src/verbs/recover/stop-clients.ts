/** Machines without a member, in a recovery: API servers and flannel there use etcd, and wait until it is whole again. */
import { RECOVER } from '../../host/extensions.ts'
import type { Operation } from '../../host/operations.ts'
import type { Lock } from '../../engine/lock.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { combineErrors } from '../../errors.ts'
import { onAll } from '../../ssh/fleet.ts'

/** One that can't be reached is gone on without, as the lock is. @param lost names of nodes that are gone for good */
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
    const operations = [operation] as const
    const { signal } = session
    await lock.work(await session.remote(node), { operations, looks: [], extension: RECOVER, signal })
  })
  const grave = errors.filter(({ code }) => code !== 'unreachable')
  if (grave.length > 0) throw combineErrors(grave)
  for (const { host } of errors) {
    const text = 'can not be reached: API servers and flannel there are left as they are'
    session.emit({ type: 'warning', host, text })
  }
}
