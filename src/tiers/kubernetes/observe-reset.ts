/** Finds out what a reset has to know that the nodes don't show: API servers that stay, and what is in etcd. */
import type { Hosts, TierSession } from '../../engine/tier.ts'
import type { ResetRequest } from '../../engine/tier-reset.ts'
import { QuorateError } from '../../errors.ts'
import type { KubernetesFacts } from '../../kubernetes/api-facts.ts'
import { lookAtKubernetes } from '../../kubernetes/api-look.ts'
import { openKubernetesAuthorities } from '../../kubernetes/authorities.ts'
import { type RegistryFacts, askFirst, readRegistry } from '../../kubernetes/registry.ts'
import { etcdNodes, nodesWith } from '../../spec/cluster.ts'
import { operatorsClient } from './client.ts'
import type { ResetFacts } from './plan/reset-facts.ts'

export async function observeReset(
  session: TierSession,
  _hosts: Hosts,
  request: ResetRequest,
): Promise<ResetFacts> {
  if (request.whole) return { api: undefined, registry: await storedBy(session, undefined) }
  return { api: await askOthers(session, request), registry: undefined }
}

/** undefined: none stays, or the workstation has no credentials to ask it. */
async function askOthers(
  session: TierSession,
  { nodes }: ResetRequest,
): Promise<KubernetesFacts | undefined> {
  const reset = new Set(nodes.map(({ name }) => name))
  const servers = nodesWith(session.cluster, 'master').flatMap(({ name }) => (reset.has(name) ? [] : [name]))
  const authorities = await openKubernetesAuthorities(session)
  if (servers.length === 0 || (await authorities.bundles()) === undefined) return undefined
  await using clients = await operatorsClient(session)
  return await lookAtKubernetes({ servers, connect: clients.connect, balancer: false, now: session.now })
}

/** What Kubernetes stores in etcd; undefined: no member answers. @param ca PEM of this cluster's CAs of Kubernetes */
export async function storedBy(
  session: TierSession,
  ca: string | undefined,
): Promise<RegistryFacts | undefined> {
  try {
    const clients = await session.members(etcdNodes(session.cluster))
    return await askFirst(clients, async (client) => await readRegistry(client, ca, session.signal))
  } catch (error) {
    // An unreachable node, or no certificate for the request: then it is unknown.
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    return undefined
  }
}
