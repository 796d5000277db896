/**
 * Removes Kubernetes from nodes, decided from what exists on them. Nothing of etcd's is renamed, and no key or data is
 * deleted. Pure.
 */
import { hasKubernetes, type KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import type { ServiceRemoveStep } from '../../../engine/service-steps.ts'
import { NO_STAGES, type ResetScene, type ResetStages } from '../../../engine/tier-reset.ts'
import type { Look } from '../../../host/operations.ts'
import type { RemainsState } from '../../../host/remains.ts'
import { type HostState, PATHS } from '../../../host/state.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import type { Cluster, Node } from '../../../spec/cluster.ts'
import { kubernetesNodes } from '../../../spec/kubernetes.ts'
import { counted } from '../../../spec/units.ts'
import { TIER } from '../name.ts'
import type {
  DrainStep,
  NodeAsideStep,
  NodeObjectsRemoveStep,
  PodNetworkRemoveStep,
  PodsRemoveStep,
  RegistryRemoveStep,
} from '../step.ts'
import { FLANNELD, FLANNEL_FILES, KUBELET } from './files.ts'
import { ETCD_POD, MOVED, isOwnUnit, resetFacts } from './reset-facts.ts'

export type KubernetesResetStep =
  | ServiceRemoveStep
  | PodsRemoveStep
  | PodNetworkRemoveStep
  | NodeAsideStep
  | DrainStep
  | NodeObjectsRemoveStep
  | RegistryRemoveStep

/** Paths that belong to etcd, wherever its data is. */
function etcdsOwn({ etcd }: Cluster): readonly string[] {
  return [etcd.dataDirectory, etcd.walDirectory, PATHS.tls, '/etc/ssl/etcd.d', '/etc/etcd']
}

function podNetworks({ kubernetes }: Cluster): readonly string[] {
  return kubernetes?.podNetwork.split(',') ?? []
}

/** Whether a kubelet should run on the node. */
export function hasNode(cluster: Cluster, node: Node): cluster is KubernetesCluster {
  return hasKubernetes(cluster) && kubernetesNodes(cluster).some(({ name }) => name === node.name)
}

export function resetLooks(cluster: Cluster, node: Node): readonly Look[] {
  if (!hasNode(cluster, node)) return []
  const remains: Look = ['remains', { networks: podNetworks(cluster).join(' '), paths: [...MOVED, ETCD_POD] }]
  if (cluster.kubernetes.flannel === 'service') return [remains]
  // The cluster file may have configured it earlier.
  return [['service', { unit: FLANNELD, package: '', files: FLANNEL_FILES }], remains]
}

export function resetStages(scene: ResetScene): ResetStages<KubernetesResetStep> {
  const { cluster, hosts, request } = scene
  if (!hasKubernetes(cluster)) return NO_STAGES
  const machines = request.nodes.flatMap(({ name }) => {
    const host = hosts[name]
    return host === undefined ? [] : hostSteps(scene, host)
  })
  return { before: drainSteps(scene), machines, after: [...objectSteps(scene), ...registrySteps(scene)] }
}

function hostSteps({ cluster, request: { suffix } }: ResetScene, host: HostState): KubernetesResetStep[] {
  const { remains } = host.services ?? {}
  const common = { tier: TIER, host: host.name, danger: 'none' } as const
  return [
    ...unitSteps(cluster, host, KUBELET, [PLACES.kubelet.unit], suffix),
    ...unitSteps(cluster, host, FLANNELD, [PLACES.flannel.unit, PLACES.flannel.script], suffix),
    ...(remains === undefined ? [] : remainsSteps(cluster, common, remains, suffix)),
  ]
}

/** @param paths the first is the unit, which shows the cluster that it belongs to */
function unitSteps(
  cluster: Cluster,
  { name, services }: HostState,
  unit: string,
  paths: readonly [string, ...string[]],
  suffix: string,
): ServiceRemoveStep[] {
  if (!isOwnUnit(cluster, services?.files[paths[0]]?.text)) return []
  const own = paths.filter((path) => services?.files[path] !== undefined)
  const what = `stop and disable ${unit}, rename ${own.join(' and ')}`
  const why = 'the node is taken out of Kubernetes'
  return [
    {
      kind: 'service-remove',
      tier: TIER,
      host: name,
      unit,
      suffix,
      paths: own,
      danger: 'none',
      what,
      why,
    },
  ]
}

type Common = Pick<PodsRemoveStep, 'tier' | 'host' | 'danger'>

function remainsSteps(
  cluster: Cluster,
  common: Common,
  { pods, volumes, namespaces, routes, links, rules, paths }: RemainsState,
  suffix: string,
): KubernetesResetStep[] {
  const running = [
    ...(pods > 0 ? [`${counted(pods, 'pod')} run${pods === 1 ? 's' : ''}`] : []),
    ...(volumes > 0 ? [`${counted(volumes, 'volume')} mounted`] : []),
    ...(namespaces > 0 ? [counted(namespaces, 'network namespace')] : []),
  ]
  const network = [
    ...links,
    ...rules.map((where) => `rules in ${where}`),
    ...(routes > 0 ? [counted(routes, 'route')] : []),
  ]
  const moved = MOVED.filter((path) => paths.includes(path))
  return [
    ...(running.length === 0
      ? []
      : [
          {
            ...common,
            kind: 'pods-remove',
            what: 'stop containers of Kubernetes, static pods among them, and unmount their volumes',
            why: running.join(', '),
          } as const,
        ]),
    ...(network.length === 0
      ? []
      : [
          {
            ...common,
            kind: 'pod-network-remove',
            networks: podNetworks(cluster),
            what: "remove the pods' network: interfaces, rules of kube-proxy and flannel, routes",
            why: network.join(', '),
          } as const,
        ]),
    ...(moved.length === 0
      ? []
      : [
          {
            ...common,
            kind: 'node-aside',
            suffix,
            paths: moved,
            kept: etcdsOwn(cluster),
            what: `move ${moved.join(', ')} aside`,
            why: 'keys and data are never deleted',
          } as const,
        ]),
  ]
}

/** Names of nodes that are reset and that the API knows. */
function known({ request, facts }: ResetScene): readonly string[] {
  const nodes = resetFacts(facts).api?.held?.nodes ?? {}
  return request.nodes.map(({ name }) => name).filter((name) => Object.hasOwn(nodes, name))
}

function drainSteps(scene: ResetScene): DrainStep[] {
  // Without a running kubelet, nothing would report that a pod has ended.
  const nodes = known(scene).filter((name) => {
    const unit = scene.hosts[name]?.services?.units[KUBELET]
    return unit?.active === 'active'
  })
  if (nodes.length === 0) return []
  const what = `drain ${nodes.join(', ')}: its pods stop and start again on other nodes`
  return [{ kind: 'kubernetes-drain', nodes, what, why: 'other nodes stay', danger: 'none' }]
}

function objectSteps(scene: ResetScene): NodeObjectsRemoveStep[] {
  const nodes = known(scene)
  if (nodes.length === 0) return []
  const what = `delete the Node object${nodes.length === 1 ? '' : 's'} ${nodes.join(', ')}`
  return [
    {
      kind: 'kubernetes-node-objects-remove',
      nodes,
      what,
      why: 'Kubernetes expects it back',
      danger: 'none',
    },
  ]
}

function registrySteps({ request, facts }: ResetScene): RegistryRemoveStep[] {
  const { registry } = resetFacts(facts)
  if (!request.objects || registry === undefined || registry.keys === 0) return []
  const what = `remove all that Kubernetes keeps in etcd: ${counted(registry.keys, 'key')} below /registry`
  const servers = request.nodes.map(({ address }) => address)
  const why = 'asked for by --remove-objects: gone then, and only a backup of etcd brings it back'
  return [{ kind: 'kubernetes-registry-remove', servers, what, why, danger: 'membership' }]
}
