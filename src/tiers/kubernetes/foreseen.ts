/** The expected state of Kubernetes after a step, as far as it can be predicted. Pure. */
import { hasKubernetes } from '../../kubernetes/kubernetes-cluster.ts'
import { stringify } from 'yaml'
import type { ServicesState } from '../../host/services.ts'
import {
  type ConfigMapFacts,
  type HeldFacts,
  NODE_NOTE,
  type NodeFacts,
  type ServerFacts,
  type WorkloadFacts,
} from '../../kubernetes/api-facts.ts'
import { imageNames } from '../../kubernetes/image-names.ts'
import { nodePatch } from '../../kubernetes/objects/node-settings.ts'
import { type Cluster, nodesWith } from '../../spec/cluster.ts'
import { kubernetesNodes } from '../../spec/kubernetes.ts'
import { storedBy, wantedSettings } from './plan/in-cluster.ts'
import { foreseenManifest, manifestPath } from './plan/manifests.ts'
import { DNS, FLANNEL, PROXY } from './plan/unready.ts'
import type { ClusterPhase, Component } from './step.ts'

export const READY: ServerFacts = { state: 'ready', failed: [], version: undefined, problem: undefined }

export const NOTHING_HELD: HeldFacts = {
  from: '',
  nodes: {},
  workloads: {},
  configMaps: {},
  leaders: { 'kube-controller-manager': undefined, 'kube-scheduler': undefined },
  apiAddresses: [],
  dnsPods: [],
  proofs: [],
  pendingRequests: [],
  objects: {},
}

/** A manifest that doesn't exist yet, with its stamp. */
export function withManifests(
  services: ServicesState,
  components: readonly Component[],
  of: Parameters<typeof foreseenManifest>[0],
): ServicesState {
  const file = {
    text: foreseenManifest(of),
    owner: 'root',
    group: 'root',
    mode: '600',
    plain: true,
    untouched: false,
  }
  const made = components.map((component) => [manifestPath(component), file] as const)
  return { ...services, files: { ...services.files, ...Object.fromEntries(made) } }
}

/** What kubeadm's phases store and start. */
export function afterPhases(
  cluster: Cluster,
  { configMaps, workloads }: HeldFacts,
  phases: readonly ClusterPhase[],
): Partial<HeldFacts> {
  if (!hasKubernetes(cluster)) return {}
  const stored = phases.flatMap((phase): [string, ConfigMapFacts][] => {
    const [name, key, fields] = storedBy(cluster, phase) ?? []
    if (name === undefined || key === undefined) return []
    return [[name, { sha256: '', data: { [key]: stringify(fields, { aliasDuplicateObjects: false }) } }]]
  })
  const { kubeProxy, coredns } = imageNames(cluster.kubernetes)
  const started = {
    ...(phases.includes('addon/kube-proxy') ? { [PROXY]: workload(0, [kubeProxy]) } : {}),
    ...(phases.includes('addon/coredns') ? { [DNS]: workload(0, [coredns]) } : {}),
  }
  return {
    configMaps: { ...configMaps, ...Object.fromEntries(stored) },
    workloads: { ...workloads, ...started },
  }
}

function workload(ready: number, images: readonly string[]): WorkloadFacts {
  return { wanted: 1, ready, updated: ready, images, observed: true }
}

/** Every node has registered; none is ready yet. */
export function allRegistered(cluster: Cluster, held: HeldFacts): Partial<HeldFacts> {
  const nodes = kubernetesNodes(cluster).map(({ name }) => [name, held.nodes[name] ?? NEW_NODE] as const)
  return { nodes: { ...held.nodes, ...Object.fromEntries(nodes) } }
}

/** Workloads of these names, as far as they exist, have to restart their pods. */
export function rollingOut({ workloads }: HeldFacts, names: readonly string[]): HeldFacts['workloads'] {
  const changed = Object.entries(workloads).filter(([name]) => names.includes(name))
  return {
    ...workloads,
    ...Object.fromEntries(changed.map(([name, one]) => [name, { ...one, observed: false }])),
  }
}

/** Every node is ready, and so is what runs on all of them. */
export function allReady(cluster: Cluster, held: HeldFacts): Partial<HeldFacts> {
  if (!hasKubernetes(cluster)) return {}
  const nodes = kubernetesNodes(cluster).map(({ name }): [string, NodeFacts] => {
    const before = held.nodes[name] ?? NEW_NODE
    return [name, { ...before, ready: true, kubeletVersion: cluster.kubernetes.version }]
  })
  const workloads = [PROXY, DNS, FLANNEL].map((name): [string, WorkloadFacts] => [
    name,
    workload(1, held.workloads[name]?.images ?? []),
  ])
  return {
    nodes: { ...held.nodes, ...Object.fromEntries(nodes) },
    workloads: { ...held.workloads, ...Object.fromEntries(workloads) },
    // They will be spread; their nodes are unknown.
    dnsPods: [],
  }
}

const NEW_NODE: NodeFacts = {
  ready: false,
  why: '',
  kubeletVersion: '',
  labels: {},
  taints: [],
  unschedulable: false,
  podCidrs: [],
  addresses: [],
  noted: undefined,
  resourceVersion: '',
}

/** These nodes with the wanted labels and taints. */
export function withSettings(
  cluster: Cluster,
  { nodes }: HeldFacts,
  names: readonly string[],
): Partial<HeldFacts> {
  if (!hasKubernetes(cluster)) return {}
  const changed = kubernetesNodes(cluster).flatMap((node): [string, NodeFacts][] => {
    const before = nodes[node.name]
    if (before === undefined || !names.includes(node.name)) return []
    const patch = nodePatch(wantedSettings(cluster, node), before)
    if (patch === undefined) return []
    const { metadata, spec } = patch
    const labels = Object.entries({ ...before.labels, ...metadata.labels }).flatMap(([key, value]) =>
      value === null ? [] : [[key, value] as const],
    )
    const noted = metadata.annotations[NODE_NOTE] ?? undefined
    const taints = spec?.taints ?? before.taints
    return [[node.name, { ...before, labels: Object.fromEntries(labels), taints, noted }]]
  })
  return { nodes: { ...nodes, ...Object.fromEntries(changed) } }
}

/** Control-plane nodes, by name, whose API servers are expected to be ready. */
export function readyServers(
  cluster: Cluster,
  names: readonly string[],
): Readonly<Record<string, ServerFacts>> {
  const masters = nodesWith(cluster, 'master').filter(({ name }) => names.includes(name))
  return Object.fromEntries(masters.map(({ name }) => [name, READY]))
}
