/**
 * Why a node doesn't meet a kubelet's requirements, as preflight shows it and apply refuses it: found, required, and
 * the fix. Pure.
 */
import type { BlockedId } from '../blocked-ids.ts'
import type { NodeFacts } from '../host/node-facts.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import type { KubernetesSpec } from '../spec/kubernetes.ts'
import { formatBytes } from '../spec/units.ts'

export interface Unfit {
  /** Of preflight's check, and of apply's refusal: `swap`. */
  readonly id: BlockedId
  readonly title: string
  readonly found: string
  readonly wanted: string
  readonly remedy: string
}

/** From version 1.35 on, a kubelet refuses cgroups v1 unless its configuration allows them. */
const REFUSES_V1 = 35

/** A node's images take about 0.5 GB, and twice that while they are imported and unpacked. */
const LEAST_ROOM_BYTES = 2e9

/** With a smaller share, a kubelet evicts the node's pods: its default for `imagefs.available`. */
const LEAST_SHARE = 0.15

/** Without these cgroup controllers, a kubelet does not start, or can't kill what exceeds its limit. */
const CONTROLLERS = ['cpu', 'cpuset', 'memory', 'pids'] as const

export interface Fitness {
  readonly kubernetes: KubernetesSpec
  readonly node: Node
  readonly facts: NodeFacts
  /** The port of API servers. */
  readonly apiPort: number
}

/** The port of API servers. */
export function apiServerPort({ loadBalancer }: Pick<Cluster, 'loadBalancer'>): number {
  return loadBalancer?.apiPort ?? 6443
}

/** Everything except the disk space, which is only needed once. */
export function unfit(asked: Fitness): readonly Unfit[] {
  return [...swap(asked), ...controlGroups(asked), ...foreign(asked), ...ports(asked)]
}

/** Checked before images are imported. */
export function roomUnfit({ kubernetes, facts: { room } }: Fitness): readonly Unfit[] {
  if (room === undefined) return []
  const { freeBytes, sizeBytes = 0 } = room
  const evicts = kubernetes.kubelet.configuration['evictionHard'] === undefined
  const share = evicts ? LEAST_SHARE * sizeBytes : 0
  if (freeBytes >= Math.max(LEAST_ROOM_BYTES, share)) return []
  const wanted =
    share > LEAST_ROOM_BYTES
      ? `at least ${formatBytes(share)} (${LEAST_SHARE * 100} %): with less, a kubelet evicts the node's pods`
      : `at least ${formatBytes(LEAST_ROOM_BYTES)} for images`
  return [
    {
      id: 'container-room',
      title: 'Room for images',
      found: `${formatBytes(freeBytes)} are free where /var/lib/containerd is`,
      wanted,
      remedy:
        'free space: see the file system with df -h /var/lib/containerd, and what uses it with du -xh --max-depth 2 /',
    },
  ]
}

/** The ports that a node with these roles listens on, each with its program. */
export function nodePorts(roles: readonly string[], apiPort: number): Readonly<Record<number, string>> {
  return {
    10_248: 'kubelet',
    10_249: 'kube-proxy',
    10_250: 'kubelet',
    10_256: 'kube-proxy',
    ...(roles.includes('master')
      ? { [apiPort]: 'kube-apiserver', 10_257: 'kube-controller-manager', 10_259: 'kube-scheduler' }
      : {}),
  }
}

function swap({ kubernetes, node, facts }: Fitness): Unfit[] {
  if (facts.swap.length === 0 || kubernetes.kubelet.configuration['failSwapOn'] === false) return []
  const devices = facts.swap.map(({ device, kib }) => `${device} (${formatBytes(kib * 1024)})`)
  return [
    {
      id: 'swap',
      title: 'Swap',
      found: `swap is on: ${devices.join(', ')}`,
      wanted: 'no swap: a kubelet does not start with it',
      remedy: `on ${node.name}: swapoff -a; sed -i -E '/^[^#]+[[:space:]]swap[[:space:]]/s/^/#/' /etc/fstab; or write failSwapOn: false into kubernetes.kubelet.configuration`,
    },
  ]
}

function controlGroups({ kubernetes, node, facts: { cgroup } }: Fitness): Unfit[] {
  if (cgroup === undefined) return []
  const missing = CONTROLLERS.filter((name) => !cgroup.controllers.includes(name))
  const lacking: Unfit[] =
    missing.length === 0
      ? []
      : [
          {
            id: 'cgroup-controllers',
            title: 'Control groups',
            found: `the control groups lack ${missing.join(', ')}`,
            wanted: CONTROLLERS.join(', '),
            remedy: `turn them on at boot: on ${node.name} add cgroup_enable=${missing.join(' cgroup_enable=')} to the kernel's command line`,
          },
        ]
  const minor = Number(kubernetes.version.split('.')[1])
  const refuses = kubernetes.kubelet.configuration['failCgroupV1'] ?? minor >= REFUSES_V1
  if (cgroup.version === 2 || refuses === false) return lacking
  return [
    ...lacking,
    {
      id: 'cgroup-version',
      title: 'Control groups',
      found: `the control groups are of version 1, which a kubelet ${kubernetes.version} refuses`,
      wanted: 'version 2',
      remedy: `boot ${node.name} with systemd.unified_cgroup_hierarchy=1, or write failCgroupV1: false into kubernetes.kubelet.configuration`,
    },
  ]
}

/** Known programs, by the path of their executable. */
const PRODUCTS: readonly (readonly [pattern: RegExp, product: string, remove: string])[] = [
  [/k3s/, 'k3s', 'k3s-uninstall.sh or k3s-agent-uninstall.sh'],
  [/rke2/, 'RKE2', 'rke2-uninstall.sh'],
  [/k0s/, 'k0s', 'k0s stop; k0s reset'],
  [/microk8s/, 'MicroK8s', 'snap remove microk8s --purge'],
  [/snap\/k8s/, 'Canonical Kubernetes', 'snap remove k8s --purge'],
  [/kube(let|adm)/, 'a kubelet or kubeadm that is not of quorate', 'remove its package, or move it away'],
  [/containerd\.io/, "Docker's containerd", 'apt-get remove containerd.io; quorate then installs containerd'],
]

function foreign({ node, facts }: Fitness): Unfit[] {
  const products = new Map<string, Unfit>()
  for (const path of facts.foreign) {
    const [, product = 'another Kubernetes', remove = 'remove it'] =
      PRODUCTS.find(([pattern]) => pattern.test(path)) ?? []
    if (products.has(product)) continue
    products.set(product, {
      id: 'other-kubernetes',
      title: 'Other Kubernetes',
      found: `${product} is there: ${path}`,
      wanted: 'a machine that no other Kubernetes uses',
      remedy: `if it is not needed any more, on ${node.name}: ${remove}; otherwise take the roles master and worker from ${node.name}`,
    })
  }
  return [...products.values()]
}

function ports({ node, facts, apiPort }: Fitness): Unfit[] {
  const wanted = nodePorts(node.roles, apiPort)
  const taken = facts.listeners.filter(({ port, program }) => port in wanted && program !== wanted[port])
  return [...new Map(taken.map((one) => [one.port, one])).values()].map(({ port, program }) => ({
    id: 'node-ports',
    title: `Port ${port}`,
    found: `${program || 'an unknown process'} listens on port ${port}, which ${wanted[port]} needs`,
    wanted: 'free',
    remedy: `on ${node.name}: ss -Htlnp 'sport = :${port}' shows the process; stop it`,
  }))
}
