/** What a Kubernetes node can get before anything else exists: its configuration, its keys. Pure. */
import { hasKubernetes, type KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import type { LeafStep } from '../../../engine/leaf-steps.ts'
import type { ServiceFileStep } from '../../../engine/service-steps.ts'
import type { Hosts } from '../../../engine/tier.ts'
import { FORESEEN } from '../../../host/leaves.ts'
import type { HostState } from '../../../host/state.ts'
import { type Leaf, type LeafId, leafConfiguration, leavesOf } from '../../../kubernetes/certificates.ts'
import { type LeafFault, keptKey } from '../../../kubernetes/faults.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import { type Cluster, type Node, nodesWith } from '../../../spec/cluster.ts'
import { kubernetesNodes } from '../../../spec/kubernetes.ts'
import { type KubernetesTierFacts, tierFacts } from '../facts.ts'
import { TIER } from '../name.ts'
import { type NodeFile, nodeFiles } from './files.ts'

export function earlySteps(
  cluster: Cluster,
  hosts: Hosts,
  _stamp: string,
  facts: unknown,
): readonly (LeafStep | ServiceFileStep)[] {
  if (!hasKubernetes(cluster)) return []
  const onNodes = kubernetesNodes(cluster).flatMap((node: Node) => {
    const host = hosts[node.name]
    if (host === undefined) return []
    const files = fileSteps(host, nodeFiles(cluster, node, host))
    return [...files, ...keySteps(cluster, node, host, tierFacts(facts))]
  })
  return [...onNodes, ...balancerSteps(cluster, hosts, tierFacts(facts))]
}

/** HAProxy gets the CA as soon as it exists; HAProxy's own tier then reloads it. */
function balancerSteps(cluster: Cluster, hosts: Hosts, { ca }: KubernetesTierFacts): ServiceFileStep[] {
  if (cluster.loadBalancer === undefined || ca === undefined) return []
  const file = { path: PLACES.balancerCa, content: ca, mode: '644', unit: 'haproxy.service' }
  return nodesWith(cluster, 'service').flatMap(({ name }) => {
    const host = hosts[name]
    return host === undefined ? [] : fileSteps(host, [file])
  })
}

function fileSteps(host: HostState, files: readonly NodeFile[]): ServiceFileStep[] {
  return files.flatMap(({ path, content, mode, unit }) => {
    const now = host.services?.files[path]
    if (now?.text === content && now.plain && now.owner === 'root' && now.mode === mode) return []
    const why = now === undefined ? 'missing' : 'differs from what the cluster file asks for'
    const common = { tier: TIER, host: host.name, unit, danger: 'none' } as const
    const file = { path, content, before: now?.text, mode, check: [] }
    return [{ ...common, kind: 'service-file', ...file, what: `write ${path}`, why } as const]
  })
}

function keySteps(
  cluster: KubernetesCluster,
  node: Node,
  host: HostState,
  facts: KubernetesTierFacts,
): LeafStep[] {
  const { algorithm } = cluster.pki
  return leavesOf(cluster, node).flatMap((leaf) => {
    const faults = faultsOf(facts, host, leaf.id)
    if (faults.length === 0 || asksFor(cluster, host, leaf)) return []
    return [
      {
        kind: 'leaf-key',
        tier: TIER,
        host: node.name,
        leaf: leaf.id,
        configuration: leafConfiguration(leaf, algorithm),
        algorithm,
        keep: keptKey(leaf, faults),
        danger: 'none',
        what: `make a request for the certificate ${leaf.id}`,
        why: reason(faults),
      } as const,
    ]
  })
}

/** Why a leaf's certificate can't stay; empty: it can, or a new one is predicted. */
export function faultsOf(
  { leaves }: KubernetesTierFacts,
  { name, services }: HostState,
  leaf: LeafId,
): readonly LeafFault[] {
  if (services?.leaves?.[leaf]?.certificate === FORESEEN) return []
  return leaves[name]?.[leaf] ?? [{ code: 'missing', message: 'is missing' }]
}

/** Whether a request on the node asks for what is wanted now. */
export function asksFor(cluster: KubernetesCluster, { services }: HostState, leaf: Leaf): boolean {
  const request = services?.leaves?.[leaf.id]?.request
  return request?.configuration === leafConfiguration(leaf, cluster.pki.algorithm)
}

export function reason(faults: readonly LeafFault[]): string {
  if (faults.some(({ code }) => code === 'missing')) return 'there is none yet'
  return `the present one ${[...new Set(faults.map(({ message }) => message))].join('; ')}`
}
