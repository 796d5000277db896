/** What prevents the setup of a Kubernetes node, reported before any change on any node. Pure. */
import { hasKubernetes, type KubernetesCluster } from '../../kubernetes/kubernetes-cluster.ts'
import type { BlockReason } from '../../engine/step.ts'
import type { Hosts } from '../../engine/tier.ts'
import type { HostState } from '../../host/state.ts'
import { type Fitness, apiServerPort, roomUnfit, unfit } from '../../kubernetes/node-fitness.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'
import { kubernetesNodes } from '../../spec/kubernetes.ts'
import { containerdVersion } from './configuration.ts'
import { CONTAINERD, writtenFor } from './files.ts'
import { wantedImages } from './looks.ts'
import { runtimeRefusals } from './runtime-refusals.ts'

/** From this minor on, a kubelet sends its runtime a request (RuntimeConfig) that containerd 1 doesn't support. */
const WANTS_CONTAINERD_2 = 38

export function containerdRefusals(cluster: Cluster, hosts: Hosts): readonly BlockReason[] {
  if (!hasKubernetes(cluster)) return []
  return kubernetesNodes(cluster).flatMap((node) => {
    const host = hosts[node.name]
    if (host?.services === undefined) return []
    return [
      ...machineReasons(cluster, node, host),
      ...foreignConfiguration(cluster, host),
      ...runtimeRefusals(cluster, host),
      ...oldContainerd(cluster, host),
      ...(host.architecture === 'other'
        ? [
            {
              host: node.name,
              message: 'there is no Kubernetes for its processor: amd64 and arm64 are supported',
            },
          ]
        : []),
    ]
  })
}

function machineReasons(cluster: KubernetesCluster, node: Node, { services }: HostState): BlockReason[] {
  if (services?.node === undefined) return []
  const asked: Fitness = {
    kubernetes: cluster.kubernetes,
    node,
    facts: services.node,
    apiPort: apiServerPort(cluster),
  }
  const { images = {} } = services
  const imports = wantedImages(cluster.kubernetes, node).some((name) => images[name] === undefined)
  return [...unfit(asked), ...(imports ? roomUnfit(asked) : [])].map(({ id, found, wanted, remedy }) => ({
    id,
    host: node.name,
    message: `${found} (wanted: ${wanted})`,
    hint: remedy,
  }))
}

function foreignConfiguration({ name }: Cluster, { name: host, services }: HostState): BlockReason[] {
  const { unit, configuration: path } = CONTAINERD
  const masked: BlockReason[] =
    services?.units[unit]?.masked === true
      ? [
          {
            id: 'unit-is-masked' as const,
            host,
            message: `${unit} is masked, so it can't be started`,
            hint: `on ${host}: systemctl unmask ${unit}`,
          },
        ]
      : []
  const file = services?.files[path]
  if (file === undefined || file.untouched) return masked
  const owner = file.plain ? writtenFor(file.text) : undefined
  if (owner === name) return masked
  return [
    ...masked,
    {
      id: 'file-of-another-tool',
      host,
      message:
        owner === undefined
          ? `${path} was not written by quorate, and quorate does not overwrite it`
          : `${path} is of the cluster ${owner}, and a machine is a node of one cluster`,
      hint: `if nothing else needs it, rename it on ${host}: mv ${path} ${path}.old; otherwise remove the roles master and worker from ${host}`,
    },
  ]
}

function oldContainerd({ kubernetes }: KubernetesCluster, host: HostState): BlockReason[] {
  const minor = Number(kubernetes.version.split('.')[1])
  const released = kubernetes.containerd
  const isKnown = released !== undefined || host.packageVersions?.[CONTAINERD.package] !== undefined
  if (!isKnown || minor < WANTS_CONTAINERD_2) return []
  const { major, minor: own } = containerdVersion(host, released)
  if (major >= 2) return []
  return [
    {
      host: host.name,
      message: `containerd is ${major}.${own}, and Kubernetes ${kubernetes.version} needs 2.0 or newer`,
      hint: 'upgrade the distribution, or write a Kubernetes before 1.38 into the cluster file',
    },
  ]
}
