/** Reads and writes flannel's configuration in this cluster's etcd, through the first member that answers. */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { type V2Client, connectMemberV2 } from '../etcd/v2.ts'
import type { MemberEndpoint } from '../etcd/endpoint.ts'
import { type SubnetLease, listLeases } from './leases.ts'
import { readNetwork, writeNetwork } from './store.ts'
import { readNetworkV2, writeNetworkV2 } from './store-v2.ts'
import { type Cluster, type FlannelNetwork, type Node, etcdNodes } from '../spec/cluster.ts'

/** A cluster whose members can be asked. */
export interface Members {
  readonly cluster: Cluster
  readonly signal: AbortSignal
  /** A client of each node's member. */
  members(nodes: readonly Node[]): Promise<readonly MemberClient[]>
  endpoint(node: Node): Promise<MemberEndpoint>
}

/** What is stored. */
export interface NetworkFacts {
  /** Canonical JSON, v3; undefined: the key doesn't exist. */
  readonly v3: string | undefined
  /** The same through the v2 API, if it is served. */
  readonly v2: string | undefined
  /** Which nodes hold its subnets. */
  readonly leases: readonly SubnetLease[]
}

/** undefined: no member answered. Reads are linearizable, so one member's answer is enough. */
export async function readStoredNetwork(
  session: Members,
  network: FlannelNetwork,
  running: readonly Node[],
): Promise<NetworkFacts | undefined> {
  const { signal } = session
  for (const node of running) {
    try {
      const [client] = await session.members([node])
      if (client === undefined) return undefined
      const [v3, leases, v2] = await Promise.all([
        readNetwork(client, network.prefix, signal),
        listLeases(client, network.prefix, signal),
        network.v2
          ? withV2(session, node, async (v2Client) => await readNetworkV2(v2Client, network.prefix))
          : undefined,
      ])
      return { v3: v3?.canonical ?? v3?.text, v2: v2?.canonical ?? v2?.text, leases }
    } catch (error) {
      // Another member may answer. If none does, the cluster's own problems are reported elsewhere.
      if (!(error instanceof QuorateError) || error.code !== 'etcd') throw error
    }
  }
  return undefined
}

/** @throws QuorateError `flannel` for a change that must not be made while nodes hold subnets. */
export async function storeNetwork(session: Members, network: FlannelNetwork): Promise<void> {
  const { cluster, signal } = session
  const names = new Map(cluster.nodes.map((node) => [node.address, node.name]))
  const [node] = etcdNodes(cluster)
  if (node === undefined) throw new TypeError('a cluster file names at least one etcd node')
  const [client] = await session.members([node])
  await writeNetwork(client as MemberClient, network, { signal, names })
  if (network.v2)
    await withV2(session, node, async (v2Client) => await writeNetworkV2(v2Client, network, { names }))
}

async function withV2<T>(session: Members, node: Node, work: (client: V2Client) => Promise<T>): Promise<T> {
  const client = connectMemberV2({ ...(await session.endpoint(node)), signal: session.signal })
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}
