/** Nodes of Kubernetes that the cluster file doesn't name (any more). Pure. */
import type { Cluster } from '../../../spec/cluster.ts'
import { kubernetesNodes } from '../../../spec/kubernetes.ts'
import { oneLine } from '../../../spec/visible.ts'
import { tierFacts } from '../facts.ts'

/** How many are reported: a client that may register nodes could register any number. */
const MOST = 10

/** One note for each: an operator has to decide whether its pods are still needed, so no run removes it. */
export function leftNodes(cluster: Cluster, found: unknown): readonly string[] {
  const { nodes = {} } = tierFacts(found).api?.held ?? {}
  const wanted = new Set(kubernetesNodes(cluster).map(({ name }) => name))
  const left = Object.keys(nodes).filter((name) => !wanted.has(name))
  const notes = left.slice(0, MOST).map((name) => {
    const shown = oneLine(name, 253)
    return `${shown} is a node of Kubernetes, and not in the cluster file. If it has left: quorate kubectl -- drain ${shown} --ignore-daemonsets, then quorate kubectl -- delete node ${shown}`
  })
  return left.length > MOST ? [...notes, `and ${left.length - MOST} more such nodes`] : notes
}
