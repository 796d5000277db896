/** What products beside etcd need of a machine, and ask about it. */
import type { Cluster, Node } from '../spec/cluster.ts'
import type { Look } from './operations.ts'

export interface NodeNeeds {
  /** The distribution's packages that a node needs for it, under Debian's names. */
  readonly packages: (cluster: Cluster, node: Node) => readonly string[]
  /** What the agent is asked about a node, in one round trip with everything else. */
  readonly looks: (cluster: Cluster, node: Node) => readonly Look[]
  /** TCP ports that it listens on there: preflight finds them free, or its own. */
  readonly ports: (cluster: Cluster, node: Node) => readonly NodePort[]
}

export interface NodePort {
  readonly port: number
  /** Of preflight's check: `balancer-port`. */
  readonly id: string
  readonly title: string
  /** The key of the cluster file that sets it. */
  readonly key: string
  /** The program that may listen there. */
  readonly program: string
}

/** The cluster file's packages, and those that a node needs besides. */
export function packagesFor(
  cluster: Cluster,
  node: Node,
  needs: readonly Pick<NodeNeeds, 'packages'>[] = [],
): readonly string[] {
  return [...new Set([...cluster.packages, ...needs.flatMap((one) => one.packages(cluster, node))])]
}
