/** What products other than etcd need on a node, and what they ask about it. */
import type { Cluster, Node } from '../spec/cluster.ts'
import type { Look } from './operations.ts'

export interface NodeNeeds {
  /** The distribution's packages that a node needs for it, under Debian's names. */
  readonly packages: (cluster: Cluster, node: Node) => readonly string[]
  /** What the agent is asked about a node, in one round trip with everything else. */
  readonly looks: (cluster: Cluster, node: Node) => readonly Look[]
  /** TCP ports that it listens on: preflight checks that they are free or already used by it. */
  readonly ports: (cluster: Cluster, node: Node) => readonly NodePort[]
}

export interface NodePort {
  readonly port: number
  /** The ID of preflight's check: `balancer-port`. */
  readonly id: string
  readonly title: string
  /** The key of the cluster file that sets it. */
  readonly key: string
  /** The program that may listen there. */
  readonly program: string
}

/** The cluster file's packages and the others that a node needs. */
export function packagesFor(
  cluster: Cluster,
  node: Node,
  needs: readonly Pick<NodeNeeds, 'packages'>[] = [],
): readonly string[] {
  return [...new Set([...cluster.packages, ...needs.flatMap((one) => one.packages(cluster, node))])]
}
