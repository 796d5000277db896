/** Does the machine suit a kubelet? Judged as `apply` refuses it. */
import { type Unfit, apiServerPort, roomUnfit, unfit } from '../kubernetes/node-fitness.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import { kubernetesNodes } from '../spec/kubernetes.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'

/** A check for each thing that stands in the way; one that says so if nothing does. */
export function judgeKubernetesNode(
  cluster: Cluster,
  node: Node,
  { kubernetes: facts }: HostFacts,
): readonly Check[] {
  const { kubernetes } = cluster
  if (kubernetes === undefined || !kubernetesNodes(cluster).some(({ name }) => name === node.name)) return []
  const check = judge(node.name, 'kubernetes-node', 'Kubernetes node')
  if (facts === undefined)
    return [
      check.warning({
        found: 'it could not be looked at',
        wanted: 'a machine that suits a kubelet',
        remedy: 'apply looks again, and refuses what is wrong before anything is changed',
      }),
    ]
  const asked = { kubernetes, node, facts, apiPort: apiServerPort(cluster) }
  const wrong = [...unfit(asked), ...(isSetUp(facts) ? [] : roomUnfit(asked))]
  if (wrong.length === 0) return [check.ok({ found: 'suits a kubelet' })]
  return wrong.map(({ id, title, found, wanted, remedy }: Unfit) =>
    judge(node.name, id, title).failure({ found, wanted, remedy }),
  )
}

/** It leads to an API server: its images are there. */
function isSetUp({ servers }: NonNullable<HostFacts['kubernetes']>): boolean {
  return Object.keys(servers).length > 0
}
