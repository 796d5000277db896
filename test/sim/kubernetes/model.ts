/** The simulated Kubernetes: its CAs, its API servers as processes, and the API's contents. */
import type { HostState } from '../../../src/host/state.ts'
import { FORESEEN } from '../../../src/host/leaves.ts'
import { leavesOf } from '../../../src/kubernetes/certificates.ts'
import { OPERATORS_BINDING } from '../../../src/kubernetes/objects/rbac.ts'
import { describeReference, referenceTo } from '../../../src/kubernetes/api-objects.ts'
import type { ConfigMapFacts, NodeFacts, ServerFacts } from '../../../src/kubernetes/api-facts.ts'
import { PLACES } from '../../../src/kubernetes/places.ts'
import { type SecretFile, type SecretId, secretFilesOf } from '../../../src/kubernetes/secret-files.ts'
import { type Cluster, type Node, nodesWith } from '../../../src/spec/cluster.ts'
import { kubernetesNodes } from '../../../src/spec/kubernetes.ts'
import type { Disk } from '../disk.ts'
import { hasQuorum } from '../raft.ts'
import { type World, diskOf } from '../world.ts'

export interface Kubernetes {
  /** Counts the generations of CAs and keys. undefined: none yet. */
  authority: number | undefined
  /** What each API server runs with: its manifest as a kubelet sees it. By control-plane node. */
  readonly running: Map<string, string>
  /** Control-plane nodes whose API server was started a moment ago. */
  readonly starting: Set<string>
  /** Faults of API servers that last until they are fixed. */
  readonly ailing: Map<string, 'silent' | 'not-ready'>
  /** Control-plane nodes whose API server answers later than quorate waits once another one has answered. */
  readonly slow: Set<string>
  /** In how many more observations none is ready: a fault as short as an observation, such as an election in etcd. */
  falters: number
  /** The last observation was one of these: its result was outdated when something was done. */
  faltered: boolean
  /** Control-plane nodes whose API server served at the start of the present stage. No client misses the others. */
  readonly serving: Set<string>
  /** Those of them whose manifest the present stage has changed while their kubelet does not run. */
  readonly rewritten: Set<string>
  /** Those of them that the present stage has taken away. */
  readonly taken: Set<string>
  balancerDown: boolean
  /** Certificates that have expired, as `certificateOf` names them. */
  readonly expired: Set<string>
  /** The API's contents, stored in etcd. */
  readonly nodes: Map<string, NodeFacts>
  readonly objects: Map<string, unknown>
  readonly configMaps: Map<string, ConfigMapFacts>
  /** Images of kubeadm's workloads, by name. */
  readonly workloads: Map<string, readonly string[]>
}

export function makeKubernetes(): Kubernetes {
  return {
    authority: undefined,
    running: new Map(),
    starting: new Set(),
    ailing: new Map(),
    slow: new Set(),
    falters: 0,
    faltered: false,
    serving: new Set(),
    rewritten: new Set(),
    taken: new Set(),
    balancerDown: false,
    expired: new Set(),
    nodes: new Map(),
    objects: new Map(),
    configMaps: new Map(),
    workloads: new Map(),
  }
}

export const API_MANIFEST = `${PLACES.manifests}/kube-apiserver.yaml`

export function sumOf(secret: SecretId, { ca, kubernetes }: World): string {
  return `${secret} of ${secret === 'etcd-ca' ? ca : kubernetes?.authority}`
}

/** What identifies a pod: the text, and the source that kubeadm made it from, which this text does not show. */
export function podOf(manifest: string): string {
  return manifest.replace(/^# quorate: (\w+) \w+$/m, 'made from $1')
}

/** The certificate of a leaf, as if issued now. */
export function issuedBy(world: World, authority: 'kubernetes' | 'front-proxy' | 'etcd'): string {
  const of = authority === 'etcd' ? world.ca : `CA ${world.kubernetes?.authority}`
  world.count += 1
  return `certificate ${world.count} of ${of}`
}

/** Why a leaf's certificate can't stay; undefined: it can. */
export function faultOf(
  world: World,
  services: HostState['services'],
  leaf: ReturnType<typeof leavesOf>[number],
): { readonly code: 'missing' | 'issuer' | 'expired'; readonly message: string } | undefined {
  const certificate = services?.leaves?.[leaf.id]?.certificate
  if (certificate === undefined || certificate === FORESEEN) return { code: 'missing', message: 'is missing' }
  const of = leaf.authority === 'etcd' ? world.ca : `CA ${world.kubernetes?.authority}`
  if (!certificate.endsWith(` of ${of}`)) return { code: 'issuer', message: 'is of another CA' }
  return world.kubernetes?.expired.has(certificate) === true
    ? { code: 'expired', message: 'has expired' }
    : undefined
}

/** Processes follow the state of machines, one step at a time: a started process is ready at the next. */
export function settleKubernetes(world: World, cluster: Cluster): void {
  const { kubernetes } = world
  if (kubernetes === undefined) return
  for (const { name } of nodesWith(cluster, 'master')) {
    const disk = diskOf(world, name)
    const manifest = disk.services.files[API_MANIFEST]
    if (disk.off) {
      kubernetes.running.delete(name)
    } else if (isKubeletUp(disk)) {
      if (manifest === undefined) kubernetes.running.delete(name)
      else if (kubernetes.running.get(name) !== podOf(manifest.text)) {
        kubernetes.running.delete(name)
        // It ends again at once, and the kubelet tries again later.
        if (!canStart(world, cluster, name)) continue
        kubernetes.running.set(name, podOf(manifest.text))
        kubernetes.starting.add(name)
        continue
      }
    }
    kubernetes.starting.delete(name)
  }
  for (const node of kubernetesNodes(cluster)) follow(world, cluster, kubernetes, node)
}

export function isKubeletUp(disk: Disk): boolean {
  return !disk.off && disk.services.units['kubelet.service']?.active === 'active'
}

/** A kubelet that reaches an API server registers, and reports its state. */
function follow(world: World, cluster: Cluster, kubernetes: Kubernetes, node: Node): void {
  const disk = diskOf(world, node.name)
  const isMaster = node.roles.includes('master')
  const reaches = isMaster
    ? stateOf(world, cluster, node.name) === 'ready'
    : !kubernetes.balancerDown && servers(world, cluster).length > 0
  const client = leavesOf(cluster, node).find(({ id }) => id === 'kubelet-client')
  const isKnown = client !== undefined && faultOf(world, disk.services, client) === undefined
  const known = kubernetes.nodes.get(node.name)
  if (servers(world, cluster).length === 0) return
  const speaks = reaches && isKnown && isKubeletUp(disk)
  if (known === undefined && !speaks) return
  const network = kubernetes.objects.has('DaemonSet kube-flannel/kube-flannel-ds')
  kubernetes.nodes.set(node.name, {
    why: '',
    kubeletVersion: '1.37.2',
    labels: {},
    taints: [],
    unschedulable: false,
    podCidrs: [],
    addresses: [node.address],
    noted: undefined,
    resourceVersion: '1',
    ...known,
    ready: speaks && network,
  })
}

/** Control-plane nodes whose API servers serve. */
export function servers(world: World, cluster: Cluster): readonly string[] {
  return nodesWith(cluster, 'master').flatMap(({ name }) =>
    stateOf(world, cluster, name) === 'ready' ? [name] : [],
  )
}

/** Whether all files are there that it reads at its start, and are what they should be. */
function canStart(world: World, cluster: Cluster, name: string): boolean {
  const { node, services } = diskOf(world, name)
  const leaves = serverLeaves(cluster, node).every(
    (leaf) => faultOf(world, services, leaf)?.code !== 'missing',
  )
  return leaves && !secretFilesOf(cluster, node).some((file) => isWrong(world, services, file))
}

function serverLeaves(cluster: Cluster, node: Node): ReturnType<typeof leavesOf> {
  return leavesOf(cluster, node).filter(({ id }) => id === 'apiserver' || id === 'etcd-client')
}

function isWrong(
  world: World,
  services: HostState['services'],
  { path, secret }: Pick<SecretFile, 'path' | 'secret'>,
): boolean {
  return services?.secrets?.[path]?.sha256 !== sumOf(secret, world)
}

/** How a client that is let in finds it; undefined: there is none. */
export function stateOf(world: World, cluster: Cluster, name: string): 'ready' | 'not-ready' | 'silent' {
  const { kubernetes } = world
  const node = nodesWith(cluster, 'master').find((one) => one.name === name)
  if (kubernetes === undefined || node === undefined) return 'silent'
  const { services, off } = diskOf(world, name)
  if (off || !kubernetes.running.has(name) || kubernetes.starting.has(name)) return 'silent'
  // What it has read at its start it keeps, whatever becomes of the file; these it reads again.
  const rejected = serverLeaves(cluster, node).some((leaf) => {
    const fault = faultOf(world, services, leaf)
    return fault !== undefined && fault.code !== 'missing'
  })
  if (rejected || isWrong(world, services, { path: PLACES.ca, secret: 'ca' })) return 'silent'
  const ails = kubernetes.ailing.get(name)
  if (ails !== undefined) return ails
  const [raft] = [...world.rafts.values()].filter((one) => hasQuorum(world, one))
  return raft === undefined ? 'not-ready' : 'ready'
}

export const BINDING = describeReference(referenceTo(OPERATORS_BINDING))

/** Records what serves, before a stage does anything. */
export function beginWave(world: World, cluster: Cluster): void {
  const { kubernetes } = world
  if (kubernetes === undefined) return
  kubernetes.serving.clear()
  kubernetes.rewritten.clear()
  kubernetes.taken.clear()
  for (const name of servers(world, cluster)) kubernetes.serving.add(name)
}

/** It serves, and answers too late: another one has answered long before. */
export function isLate(world: World, cluster: Cluster, name: string): boolean {
  const slow = world.kubernetes?.slow
  const ready = servers(world, cluster)
  return slow?.has(name) === true && ready.includes(name) && ready.some((other) => !slow.has(other))
}

/** How quorate's operator finds it. */
export function serverFacts(world: World, cluster: Cluster, name: string): ServerFacts {
  const state = stateOf(world, cluster, name)
  const isIn = world.kubernetes?.objects.has(BINDING) === true
  const late = isLate(world, cluster, name)
  const falters = state === 'ready' && world.kubernetes?.faltered === true
  const seen = late ? 'silent' : falters ? 'not-ready' : state === 'ready' && !isIn ? 'refused' : state
  return {
    state: seen,
    late,
    failed: [],
    version: seen === 'ready' ? '1.37.2' : undefined,
    problem: seen === 'ready' ? undefined : `it is ${seen}`,
  }
}
