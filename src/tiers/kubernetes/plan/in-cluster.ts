/**
 * What is stored in Kubernetes' own API: bindings, kubeadm's configuration and add-ons, flannel, settings of nodes.
 * Pure.
 */
import type { KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import { createHash } from 'node:crypto'
import { parse } from 'yaml'
import type { HeldFacts } from '../../../kubernetes/api-facts.ts'
import {
  type ApiObject,
  apiVersionOf,
  describeReference,
  referenceTo,
} from '../../../kubernetes/api-objects.ts'
import { flannelConfiguration, flannelObjects } from '../../../kubernetes/flannel-objects.ts'
import { ownServer } from '../../../kubernetes/certificates.ts'
import { imageNames } from '../../../kubernetes/image-names.ts'
import { clusterConfiguration, kubeProxyConfiguration } from '../../../kubernetes/kubeadm-config.ts'
import { storedKubeletConfiguration } from '../../../kubernetes/kubelet-config.ts'
import type { Fields } from '../../../kubernetes/merge.ts'
import { differences } from '../../../kubernetes/objects/differences.ts'
import { dnsSpread } from '../../../kubernetes/objects/dns.ts'
import { nodePatch, type NodeSettings } from '../../../kubernetes/objects/node-settings.ts'
import { rbacObjects } from '../../../kubernetes/objects/rbac.ts'
import { type Node, nodesWith } from '../../../spec/cluster.ts'
import { controlPlaneEndpoint, kubernetesNodes, labelsOf, taintsOf } from '../../../spec/kubernetes.ts'
import type { KubernetesTierFacts } from '../facts.ts'
import { TIER } from '../name.ts'
import type { ClusterPhase, ClusterPhasesStep, NodeSettingsStep, ObjectsStep, ProofStep } from '../step.ts'
import { contains } from './contains.ts'
import { CONTROL_PLANE, DNS, PROXY, areMarked } from './unready.ts'

/** Where quorate records what it has verified. */
export const PROVEN = { kind: 'ConfigMap', namespace: 'kube-system', name: 'quorate' } as const

/** Objects that must always exist, in the order in which they can be created. */
export function standingObjects(cluster: KubernetesCluster): readonly ApiObject[] {
  const { kubernetes, network } = cluster
  const flannel = flannelObjects({
    image: imageNames(kubernetes).flannel,
    network: flannelConfiguration(kubernetes.podNetwork, network?.config),
    api: controlPlaneEndpoint(cluster),
  }) as readonly ApiObject[]
  return [...rbacObjects(kubernetes), ...(kubernetes.flannel === 'daemonset' ? flannel : [])]
}

/** All objects that are observed. */
export function askedObjects(cluster: KubernetesCluster) {
  return [...[...standingObjects(cluster), dnsSpread()].map(referenceTo), PROVEN]
}

/** @param first a control-plane node whose API server is ready */
export function inClusterSteps(
  cluster: KubernetesCluster,
  { api }: KubernetesTierFacts,
  first: Node,
): readonly (ObjectsStep | ClusterPhasesStep)[] {
  const held = api?.held
  if (held === undefined) return []
  const phases = missingPhases(cluster, held)
  const objects = [
    ...standingObjects(cluster),
    // kubeadm creates what this changes, and its pods are scheduled on control-plane nodes with their label.
    ...(held.workloads[DNS] !== undefined && areMarked(cluster, held) ? [dnsSpread()] : []),
  ].filter((object) => differs(object, held))
  return [...objectsSteps(objects, held), ...phasesSteps(cluster, first, phases)]
}

function differs(object: ApiObject, held: HeldFacts): boolean {
  const live = held.objects[describeReference(referenceTo(object))]
  return live === undefined || differences(object, live).length > 0
}

/** If an API server grants no access yet: binds quorate's own group and kubeadm's to their roles. */
export function bindingSteps({ kubernetes }: KubernetesCluster): readonly ObjectsStep[] {
  return objectsSteps(rbacObjects(kubernetes), NOTHING)
}

const NOTHING: Pick<HeldFacts, 'objects'> = { objects: {} }

function objectsSteps(objects: readonly ApiObject[], held: Pick<HeldFacts, 'objects'>): ObjectsStep[] {
  if (objects.length === 0) return []
  const names = objects.map((object) => describeReference(referenceTo(object)))
  const isNew = names.every((name) => held.objects[name] === undefined)
  return [
    {
      kind: 'kubernetes-objects',
      objects,
      what: `apply ${names.join(', ')}`,
      why: isNew ? 'missing' : 'missing, or other than they should be',
      creates: isNew,
      danger: 'none',
    },
  ]
}

function phasesSteps(
  cluster: KubernetesCluster,
  node: Node,
  phases: readonly ClusterPhase[],
): ClusterPhasesStep[] {
  if (phases.length === 0) return []
  return [
    {
      kind: 'kubeadm-phases',
      tier: TIER,
      host: node.name,
      phases,
      server: ownServer(cluster, node),
      what: `have kubeadm carry out ${phases.join(', ')}`,
      why: 'missing in the cluster, or other than the cluster file asks for',
      danger: 'none',
    },
  ]
}

function missingPhases(cluster: KubernetesCluster, held: HeldFacts): readonly ClusterPhase[] {
  const { kubernetes } = cluster
  const { kubeProxy, coredns } = imageNames(kubernetes)
  const runs = (workload: string, image: string) => held.workloads[workload]?.images.includes(image) === true
  const stored: readonly (readonly [ClusterPhase, boolean])[] = [
    [
      'upload-config/kubeadm',
      isStored(held, 'kubeadm-config', 'ClusterConfiguration', clusterConfiguration(cluster)),
    ],
    [
      'upload-config/kubelet',
      isStored(held, 'kubelet-config', 'kubelet', storedKubeletConfiguration(kubernetes)),
    ],
    [
      'addon/kube-proxy',
      runs(PROXY, kubeProxy) &&
        isStored(held, 'kube-proxy', 'config.conf', kubeProxyConfiguration(kubernetes)),
    ],
    ['addon/coredns', runs(DNS, coredns)],
  ]
  return stored.flatMap(([phase, isThere]) => (isThere ? [] : [phase]))
}

/** Whether kubeadm has stored a configuration with all of these fields, in addition to its own defaults. */
function isStored({ configMaps }: HeldFacts, name: string, key: string, wanted: Fields): boolean {
  const text = configMaps[name]?.data[key]
  if (text === undefined) return false
  try {
    return contains(parse(text, { maxAliasCount: 0 }), wanted)
  } catch {
    return false
  }
}

/** The fields that a phase stores, as `isStored` will find them. */
export function storedBy(
  cluster: KubernetesCluster,
  phase: ClusterPhase,
): [string, string, Fields] | undefined {
  const { kubernetes } = cluster
  switch (phase) {
    case 'upload-config/kubeadm':
      return ['kubeadm-config', 'ClusterConfiguration', clusterConfiguration(cluster)]
    case 'upload-config/kubelet':
      return ['kubelet-config', 'kubelet', storedKubeletConfiguration(kubernetes)]
    case 'addon/kube-proxy':
      return ['kube-proxy', 'config.conf', kubeProxyConfiguration(kubernetes)]
    case 'addon/coredns':
      return undefined
  }
}

export function nodeSettingsSteps(
  cluster: KubernetesCluster,
  { api }: KubernetesTierFacts,
): readonly NodeSettingsStep[] {
  const nodes = kubernetesNodes(cluster).flatMap((node: Node) => {
    const nodesThere = api?.held?.nodes ?? {}
    const present = Object.hasOwn(nodesThere, node.name) ? nodesThere[node.name] : undefined
    return present !== undefined && nodePatch(wantedSettings(cluster, node), present) !== undefined
      ? [node.name]
      : []
  })
  if (nodes.length === 0) return []
  const what = `set labels and taints of ${nodes.join(', ')}`
  return [
    { kind: 'kubernetes-node-settings', nodes, what, why: 'differ from the cluster file', danger: 'none' },
  ]
}

export function wantedSettings({ kubernetes }: KubernetesCluster, { name, roles }: Node): NodeSettings {
  const isMaster = roles.includes('master')
  const own = Object.hasOwn(kubernetes.taints, name)
  return {
    labels: { ...(isMaster ? { [CONTROL_PLANE]: '' } : {}), ...labelsOf(kubernetes, name) },
    taints: isMaster && !own ? [{ key: CONTROL_PLANE, effect: 'NoSchedule' }] : taintsOf(kubernetes, name),
  }
}

export function proofSteps(cluster: KubernetesCluster, { api }: KubernetesTierFacts): readonly ProofStep[] {
  // Without quorate's network, or without workers, there is nothing to verify.
  if (cluster.kubernetes.flannel === 'none' || nodesWith(cluster, 'worker').length === 0) return []
  const of = provenSum(cluster)
  if (provenIn(api?.held) === of) return []
  const what =
    'run the connectivity test: pods on every worker, between all of them, Services and names, through the load balancer'
  const why = 'it has not run for the present settings'
  return [{ kind: 'kubernetes-proof', of, what, why, danger: 'none' }]
}

/** The checksum of everything that the verification depends on. */
export function provenSum(cluster: KubernetesCluster): string {
  const { version, podNetwork, serviceNetwork, dnsDomain, flannel, kubeProxy } = cluster.kubernetes
  const workers = nodesWith(cluster, 'worker').map(({ name, address }) => [name, address])
  const of = [version, podNetwork, serviceNetwork, dnsDomain, flannel, kubeProxy, workers]
  return createHash('sha256')
    .update(JSON.stringify([...of, controlPlaneEndpoint(cluster)]))
    .digest('hex')
}

/** The record of the verification in the API. */
export function provenObject(of: string): ApiObject {
  const { kind, name, namespace } = PROVEN
  return { apiVersion: apiVersionOf(kind), kind, metadata: { name, namespace }, data: { proven: of } }
}

function provenIn(held: HeldFacts | undefined): unknown {
  const found = held?.objects[describeReference(PROVEN)] as { data?: { proven?: unknown } } | undefined
  return found?.data?.proven
}
