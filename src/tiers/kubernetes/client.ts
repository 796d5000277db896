/** Clients of the API servers, through SSH: each server's own address, and the balancer's as a node sees it. */
import type { TierSession } from '../../engine/tier.ts'
import { QuorateError } from '../../errors.ts'
import { type ApiClient, connectApi } from '../../kubernetes/api-client.ts'
import { openKubernetesAuthorities } from '../../kubernetes/authorities.ts'
import { type ApiCredentials, masterCredentials, operatorApiCredentials } from '../../kubernetes/operator.ts'
import { nodesWith } from '../../spec/cluster.ts'
import { controlPlaneEndpoint } from '../../spec/kubernetes.ts'

export interface Clients extends AsyncDisposable {
  /** @param server a control-plane node's name; undefined: the balancer */
  readonly connect: (server: string | undefined) => Promise<ApiClient>
}

/** As quorate's operator. */
export async function operatorsClient(session: TierSession): Promise<Clients> {
  const authorities = await openKubernetesAuthorities(session)
  return clientsWith(session, await operatorApiCredentials(session, authorities))
}

/** As a user that needs no binding: for the first moments of a cluster. */
export async function mastersClient(session: TierSession): Promise<Clients> {
  const authorities = await openKubernetesAuthorities(session)
  return clientsWith(session, await masterCredentials(session, authorities))
}

function clientsWith(session: TierSession, tls: ApiCredentials): Clients {
  const { cluster, signal } = session
  const opened = new Map<string | undefined, Promise<ApiClient>>()
  const open = async (server: string | undefined): Promise<ApiClient> => {
    const masters = nodesWith(cluster, 'master')
    const endpoint = controlPlaneEndpoint(cluster)
    const node =
      server === undefined
        ? (nodesWith(cluster, 'worker')[0] ?? masters[0])
        : masters.find(({ name }) => name === server)
    if (node === undefined) throw new QuorateError('state', `no node ${server ?? ''} leads to an API server`)
    const there =
      server === undefined
        ? { address: endpoint.host, port: endpoint.port }
        : { address: node.address, port: cluster.loadBalancer?.apiPort ?? endpoint.port }
    const socketPath = await (await session.remote(node)).forward(there)
    const name = server ?? 'the load balancer'
    return connectApi({ name, target: { socketPath }, identity: there.address, tls, signal })
  }
  return {
    connect: async (server) => {
      const known = opened.get(server) ?? open(server)
      opened.set(server, known)
      return await known
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled([...opened.values()].map(async (client) => await (await client).close()))
    },
  }
}
