/** What Kubernetes still lacks until pods can run on all of its nodes, in words. Pure. */
import type { KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import type { DnsPod, HeldFacts, KubernetesFacts } from '../../../kubernetes/api-facts.ts'
import { dnsPodToMove } from '../../../kubernetes/objects/dns.ts'
import { nodesWith } from '../../../spec/cluster.ts'
import { kubernetesNodes } from '../../../spec/kubernetes.ts'
import { type KubernetesTierFacts, tierFacts } from '../facts.ts'
import type { AwaitStep } from '../step.ts'

/** Empty: all nodes exist and are ready, and so is what quorate runs on them. */
export function unready(cluster: KubernetesCluster, { api }: KubernetesTierFacts): readonly string[] {
  const held = api?.held
  if (held === undefined) return ['no API server says what it holds']
  const missing = [...unreadyNodes(cluster, held), ...unreadyWorkloads(cluster, held)]
  const crowd = missing.length === 0 ? crowdedDns(cluster, held) : undefined
  return crowd === undefined ? missing : [`${crowd.node} alone runs CoreDNS`]
}

/** What is missing for a milestone; empty: it is reached. */
export function lacking(
  cluster: KubernetesCluster,
  api: KubernetesFacts,
  { milestone, nodes }: Pick<AwaitStep, 'milestone' | 'nodes'>,
): readonly string[] {
  const facts = { ...tierFacts(undefined), api }
  if (milestone === 'nodes') return unready(cluster, facts)
  const servers = nodes.flatMap((name) => {
    const server = api.servers[name]
    // A server that answers but grants no access waits for the next steps.
    if (server?.state === 'ready' || server?.state === 'refused') return []
    return [`${name}: ${server?.problem ?? 'its API server was not asked'}`]
  })
  const unknown = milestone === 'joined' ? unregistered(cluster, facts) : []
  return [...servers, ...unknown.map((name) => `${name} has not registered`)]
}

/** Why the load balancer leads to no ready API server. undefined: it does, it was not asked, or no server is ready. */
export function balancerTrouble({ servers, balancer }: KubernetesFacts): string | undefined {
  if (balancer === undefined || balancer.state === 'ready' || balancer.state === 'refused') return undefined
  if (!Object.values(servers).some(({ state }) => state === 'ready')) return undefined
  return balancer.problem ?? 'it does not answer'
}

/** kubeadm marks control-plane nodes with this label, without a value; CoreDNS and many others use it. */
export const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane'

/** Whether every control-plane node has its label. */
export function areMarked(cluster: KubernetesCluster, { nodes }: HeldFacts): boolean {
  return nodesWith(cluster, 'master').every(
    ({ name }) => Object.hasOwn(nodes, name) && nodes[name]?.labels[CONTROL_PLANE] !== undefined,
  )
}

/**
 * A pod of CoreDNS that must move, once it is clear where its replacement can run. A control-plane node that was down
 * runs none of them.
 */
export function crowdedDns(cluster: KubernetesCluster, held: HeldFacts): DnsPod | undefined {
  if (cluster.kubernetes.flannel === 'none' || !areMarked(cluster, held)) return undefined
  const masters = nodesWith(cluster, 'master').filter(({ name }) => held.nodes[name]?.ready === true)
  return dnsPodToMove(
    held.dnsPods,
    masters.map(({ name }) => name),
  )
}

/** Names of nodes that the API doesn't know yet. */
export function unregistered(cluster: KubernetesCluster, { api }: KubernetesTierFacts): readonly string[] {
  const nodes = api?.held?.nodes ?? {}
  return kubernetesNodes(cluster).flatMap(({ name }) => (Object.hasOwn(nodes, name) ? [] : [name]))
}

function unreadyNodes({ kubernetes, ...cluster }: KubernetesCluster, { nodes }: HeldFacts): string[] {
  return kubernetesNodes(cluster).flatMap(({ name }) => {
    const node = Object.hasOwn(nodes, name) ? nodes[name] : undefined
    if (node === undefined) return [`${name} has not registered`]
    // Without quorate's network, the operator has to install one before any node is ready.
    if (!node.ready && kubernetes.flannel !== 'none') return [`${name} is not ready: ${node.why}`]
    return []
  })
}

export const DNS = 'Deployment kube-system/coredns'
export const PROXY = 'DaemonSet kube-system/kube-proxy'
export const FLANNEL = 'DaemonSet kube-flannel/kube-flannel-ds'

function unreadyWorkloads(
  { kubernetes: { flannel } }: KubernetesCluster,
  { workloads }: HeldFacts,
): string[] {
  const wanted = [PROXY, ...(flannel === 'daemonset' ? [FLANNEL] : []), ...(flannel === 'none' ? [] : [DNS])]
  return wanted.flatMap((name) => {
    const found = workloads[name]
    if (found === undefined) return [`${name} is missing`]
    if (!found.observed) return [`${name} was changed a moment ago`]
    const { ready, updated, wanted: count } = found
    return ready >= count && updated >= count && count > 0 ? [] : [`${name}: ${ready} of ${count} ready`]
  })
}
