/** Checks that the node meets the requirements of a kubelet, by the same rules as `apply`. */
import { type Unfit, apiServerPort, roomUnfit, unfit } from '../kubernetes/node-fitness.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import { kubernetesNodes } from '../spec/kubernetes.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'

/** One check for each problem; one passed check if there is none. */
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
        found: 'the node could not be inspected',
        wanted: "meets the kubelet's requirements",
        remedy: 'continue: quorate apply checks again before it changes anything',
      }),
    ]
  const asked = { kubernetes, node, facts, apiPort: apiServerPort(cluster) }
  const wrong = [...unfit(asked), ...(isSetUp(facts) ? [] : roomUnfit(asked))]
  if (wrong.length === 0) return [check.ok({ found: "meets the kubelet's requirements" })]
  return wrong.map(({ id, title, found, wanted, remedy }: Unfit) =>
    judge(node.name, id, title).failure({ found, wanted, remedy }),
  )
}

/** The route leads to an API server: its images are on the node. */
function isSetUp({ servers }: NonNullable<HostFacts['kubernetes']>): boolean {
  return Object.keys(servers).length > 0
}
