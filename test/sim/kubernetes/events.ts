/** Events in a Kubernetes cluster, during runs and between them. */
import type { ServicesState } from '../../../src/host/services.ts'
import { PLACES } from '../../../src/kubernetes/places.ts'
import { type Cluster, nodesWith } from '../../../src/spec/cluster.ts'
import { kubernetesNodes } from '../../../src/spec/kubernetes.ts'
import type { Disk } from '../disk.ts'
import { type World, diskOf } from '../world.ts'
import { API_MANIFEST, type Kubernetes, isKubeletUp, sumOf } from './model.ts'

/** Changes by people and programs, which an apply reverts. */
const CHANGES = [
  'rebooted',
  'kubelet-stopped',
  'manifest-edited',
  'manifest-deleted',
  'scheduler-deleted',
  'file-edited',
  'secret-edited',
  'secret-deleted',
  'certificate-expired',
  'certificate-deleted',
  'object-deleted',
  'object-edited',
  'configuration-deleted',
  'configuration-edited',
  'label-removed',
  'add-on-deleted',
  'api-falters',
] as const

/** Faults that last until they are fixed. */
const TROUBLES = [
  'api-silent',
  'api-not-ready',
  'api-slow',
  'balancer-down',
  'machine-off',
  'unreachable',
  'disk-full',
  'another-ca',
] as const

export const FAULTS = [...CHANGES, ...TROUBLES] as const
export type FaultKind = (typeof FAULTS)[number]

export interface Fault {
  readonly kind: FaultKind
  /** Which machine, or which object, modulo their number. */
  readonly at: number
}

export function happen(world: World, cluster: Cluster, { kind, at }: Fault): void {
  const { kubernetes } = world
  if (kubernetes === undefined) return
  const node = pick(kubernetesNodes(cluster), at)
  const master = pick(nodesWith(cluster, 'master'), at)
  if (node === undefined || master === undefined) return
  const disk = diskOf(world, node.name)
  switch (kind) {
    case 'rebooted':
      return restart(kubernetes, disk)
    case 'kubelet-stopped':
      return withKubelet(disk, 'inactive')
    case 'manifest-edited':
      edit(diskOf(world, master.name), (text) => `${text}# by hand\n`, API_MANIFEST)
      return follow(kubernetes, diskOf(world, master.name))
    case 'manifest-deleted':
      drop(diskOf(world, master.name), API_MANIFEST)
      return follow(kubernetes, diskOf(world, master.name))
    case 'scheduler-deleted':
      return drop(diskOf(world, master.name), `${PLACES.manifests}/kube-scheduler.yaml`)
    case 'file-edited':
      return edit(disk, (text) => `${text}# by hand\n`, PLACES.kubelet.configuration)
    case 'secret-edited':
      return withSecret(diskOf(world, master.name), PLACES.serviceAccount.publicKey, 'by hand')
    case 'another-ca':
      return withSecret(disk, PLACES.ca, 'of another cluster')
    case 'secret-deleted':
      return withSecret(diskOf(world, master.name), PLACES.encryption, undefined)
    case 'certificate-expired':
    case 'certificate-deleted':
      return spoil(kubernetes, disk, kind, at)
    case 'object-deleted':
    case 'configuration-deleted':
    case 'add-on-deleted': {
      const map = {
        'object-deleted': 'objects',
        'configuration-deleted': 'configMaps',
        'add-on-deleted': 'workloads',
      }[kind]
      const held = kubernetes[map as 'objects']
      const name = pick([...held.keys()], at)
      if (name !== undefined) held.delete(name)
      return
    }
    case 'object-edited': {
      const name = pick([...kubernetes.objects.keys()], at)
      if (name !== undefined) kubernetes.objects.set(name, { metadata: {}, edited: 'by hand' })
      return
    }
    case 'configuration-edited': {
      const name = pick([...kubernetes.configMaps.keys()], at)
      // Nonsense, and an alias bomb.
      const data = { ClusterConfiguration: 'a: &a [x]\nb: [*a, *a]\n', kubelet: '{', 'config.conf': '[]' }
      if (name !== undefined) kubernetes.configMaps.set(name, { sha256: 'by hand', data })
      return
    }
    case 'label-removed': {
      const known = kubernetes.nodes.get(node.name)
      if (known !== undefined) kubernetes.nodes.set(node.name, { ...known, labels: {}, taints: [] })
      return
    }
    case 'api-silent':
    case 'api-not-ready':
      kubernetes.ailing.set(master.name, kind === 'api-silent' ? 'silent' : 'not-ready')
      return
    case 'api-slow':
      kubernetes.slow.add(master.name)
      return
    case 'api-falters':
      // A run observes at least twice before it does anything.
      kubernetes.falters = (at % 4) + 1
      return
    case 'balancer-down':
      kubernetes.balancerDown = true
      return
    case 'machine-off':
      disk.off = true
      kubernetes.running.delete(node.name)
      return
    case 'unreachable':
      disk.unreachable = true
      return
    case 'disk-full':
      disk.full = true
  }
}

/** Lasting faults are fixed. */
export function mend(world: World, cluster: Cluster): void {
  const { kubernetes } = world
  if (kubernetes === undefined) return
  kubernetes.ailing.clear()
  kubernetes.slow.clear()
  kubernetes.falters = 0
  kubernetes.balancerDown = false
  for (const { name } of cluster.nodes) {
    const disk = diskOf(world, name)
    if (disk.off) {
      disk.off = false
      restart(kubernetes, disk)
    }
    disk.unreachable = false
    disk.full = false
    if (disk.services.secrets?.[PLACES.ca] !== undefined) withSecret(disk, PLACES.ca, sumOf('ca', world))
  }
}

function pick<T>(all: readonly T[], at: number): T | undefined {
  return all[at % Math.max(1, all.length)]
}

function restart(kubernetes: Kubernetes, disk: Disk): void {
  kubernetes.running.delete(disk.node.name)
  const unit = disk.services.units['kubelet.service']
  if (unit !== undefined) withKubelet(disk, unit.enabled ? 'active' : 'inactive')
}

/** A kubelet ends the API server of a removed or changed manifest before anything else happens. */
function follow({ running }: Kubernetes, disk: Disk): void {
  if (isKubeletUp(disk)) running.delete(disk.node.name)
}

function withKubelet(disk: Disk, active: string): void {
  const { services } = disk
  const unit = services.units['kubelet.service']
  if (unit === undefined) return
  disk.services = { ...services, units: { ...services.units, 'kubelet.service': { ...unit, active } } }
}

function edit(disk: Disk, change: (text: string) => string, path: string): void {
  const { services } = disk
  const file = services.files[path]
  if (file === undefined) return
  disk.services = { ...services, files: { ...services.files, [path]: { ...file, text: change(file.text) } } }
}

function drop(disk: Disk, path: string): void {
  const { [path]: _gone, ...files } = disk.services.files
  disk.services = { ...disk.services, files }
}

function withSecret(disk: Disk, path: string, sha256: string | undefined): void {
  const { [path]: before, ...secrets } = disk.services.secrets ?? {}
  if (before === undefined) return
  const after = sha256 === undefined ? secrets : { ...secrets, [path]: { ...before, sha256 } }
  disk.services = { ...disk.services, secrets: after }
}

function spoil(
  kubernetes: Kubernetes,
  disk: Disk,
  kind: 'certificate-expired' | 'certificate-deleted',
  at: number,
): void {
  const leaves: NonNullable<ServicesState['leaves']> = disk.services.leaves ?? {}
  const [id, leaf] = pick(Object.entries(leaves), at) ?? []
  if (id === undefined || leaf?.certificate === undefined) return
  if (kind === 'certificate-expired') kubernetes.expired.add(leaf.certificate)
  else disk.services = { ...disk.services, leaves: { ...leaves, [id]: { ...leaf, certificate: undefined } } }
}
