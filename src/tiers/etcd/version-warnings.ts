/** Known bugs of the cluster file's etcd version that affect this cluster. */
import { usesAuthentication } from '../../etcd/authentication.ts'
import { describeHazards, hazardsFor } from '../../etcd/hazards.ts'
import type { Observed } from './facts/observed.ts'
import type { Session } from './session.ts'
import { etcdNodes } from '../../spec/cluster.ts'

/**
 * Lines for the operator. Bugs that affect only clusters with etcd users are included if a member reports that
 * authentication is enabled. Before the first apply there are no members to ask, and no users.
 *
 * @throws QuorateError `cancelled`
 */
export async function versionWarnings(session: Session, observed: Observed): Promise<readonly string[]> {
  const { version } = session.cluster.etcd
  const matters = hazardsFor(version, ['users']).length > 0
  return describeHazards(version, matters && (await usersAreOn(session, observed)) ? ['users'] : [])
}

async function usersAreOn(session: Session, { hosts }: Observed): Promise<boolean> {
  const running = etcdNodes(session.cluster).filter(
    ({ name }) => hosts[name]?.member?.unit.active === 'active',
  )
  const clients = await session.members(running)
  const answers = await Promise.all(
    clients.map(async (client) => await usesAuthentication(client, session.signal)),
  )
  return answers.includes(true)
}
