/** The effect of a step on a machine's part of Kubernetes. */
import { FORESEEN, type LeafState } from '../../../src/host/leaves.ts'
import type { ServicesState } from '../../../src/host/services.ts'
import { leavesOf } from '../../../src/kubernetes/certificates.ts'
import { secretFilesOf } from '../../../src/kubernetes/secret-files.ts'
import type { Cluster, Node } from '../../../src/spec/cluster.ts'
import type { Disk } from '../disk.ts'
import { Failure } from '../failure.ts'
import { Violation } from '../violation.ts'
import type { World } from '../world.ts'
import { API_MANIFEST, isKubeletUp, issuedBy, podOf, stateOf, sumOf } from './model.ts'
import { withManifest } from '../../../src/tiers/kubernetes/plan/masters.ts'

/** @returns the real state: what a step only predicts is created. @throws Failure on a full disk */
export function changed(world: World, cluster: Cluster, disk: Disk, services: ServicesState): ServicesState {
  if (disk.full) throw new Failure('No space left on device')
  const { node } = disk
  const after = { ...services, leaves: leavesMade(world, cluster, node, services), secrets: {} }
  const secrets = Object.entries(services.secrets ?? {}).map(([path, state]) => {
    const file = secretFilesOf(cluster, node).find((one) => one.path === path)
    if (file === undefined || state.sha256 !== FORESEEN) return [path, state] as const
    return [path, { ...state, sha256: sumOf(file.secret, withAuthority(world)) }] as const
  })
  const made = { ...after, secrets: Object.fromEntries(secrets) }
  replaceApi(world, cluster, disk, made)
  return made
}

function leavesMade(
  world: World,
  cluster: Cluster,
  node: Node,
  services: ServicesState,
): Readonly<Record<string, LeafState>> {
  const made = Object.entries(services.leaves ?? {}).map(([id, state]) => {
    const leaf = leavesOf(cluster, node).find((one) => one.id === id)
    if (leaf === undefined || state.certificate !== FORESEEN) return [id, state] as const
    return [id, { ...state, certificate: issuedBy(withAuthority(world), leaf.authority) }] as const
  })
  return Object.fromEntries(made)
}

function withAuthority(world: World): World {
  if (world.kubernetes?.authority === undefined) throw new Failure("Kubernetes' CAs are not made yet")
  return world
}

/** Like the agent, it waits until the kubelet has ended the previous API server. */
function replaceApi(world: World, cluster: Cluster, disk: Disk, services: ServicesState): void {
  const { kubernetes } = world
  const manifest = services.files[API_MANIFEST]
  const { name } = disk.node
  const runs = kubernetes?.running.get(name)
  if (kubernetes === undefined || runs === undefined) return
  if (manifest !== undefined && runs === podOf(manifest.text)) return
  if (!isKubeletUp({ ...disk, services })) {
    if (disk.services.files[API_MANIFEST]?.text !== manifest?.text) kubernetes.rewritten.add(name)
    return
  }
  // A kubelet that is started follows what lay there before: a node without one is worse. Without a manifest, it ends what
  // serves.
  const follows = !isKubeletUp(disk) && manifest !== undefined && !kubernetes.rewritten.has(name)
  const hosts = Object.fromEntries(
    [...world.disks].map(([host, { services: own }]) => [host, { services: own }]),
  )
  if (kubernetes.serving.has(name)) {
    const away = withManifest(cluster, hosts as never).filter(
      (other) =>
        other !== name && !(kubernetes.serving.has(other) && stateOf(world, cluster, other) === 'ready'),
    )
    if (away.length > 0 && !follows && world.truth.blind === undefined && !kubernetes.faltered)
      throw new Violation('api-kept', `${name} is changed while ${away.join(', ')} does not serve`)
    kubernetes.taken.add(name)
    if (kubernetes.taken.size > 1) throw new Violation('one-server', [...kubernetes.taken].join(' and '))
  }
  kubernetes.running.delete(name)
}
