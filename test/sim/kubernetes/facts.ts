/** What quorate observes of the simulated Kubernetes, in addition to the state of machines. */
import { leavesOf } from '../../../src/kubernetes/certificates.ts'
import type { HeldFacts, WorkloadFacts } from '../../../src/kubernetes/api-facts.ts'
import { secretFilesOf } from '../../../src/kubernetes/secret-files.ts'
import { type Cluster, nodesWith } from '../../../src/spec/cluster.ts'
import { kubernetesNodes } from '../../../src/spec/kubernetes.ts'
import type { Hosts } from '../../../src/engine/tier.ts'
import type { KubernetesTierFacts } from '../../../src/tiers/kubernetes/facts.ts'
import { NOTHING_HELD } from '../../../src/tiers/kubernetes/foreseen.ts'
import { CONTROL_PLANE, DNS, FLANNEL } from '../../../src/tiers/kubernetes/plan/unready.ts'
import { startedMasters } from '../../../src/tiers/kubernetes/plan/masters.ts'
import type { World } from '../world.ts'
import { type Kubernetes, faultOf, serverFacts, settleKubernetes, sumOf } from './model.ts'

/** undefined: the cluster file has no Kubernetes. */
export function kubernetesFacts(
  world: World,
  cluster: Cluster,
  hosts: Hosts,
): KubernetesTierFacts | undefined {
  const { kubernetes } = world
  if (kubernetes === undefined || cluster.kubernetes === undefined) return undefined
  settleKubernetes(world, cluster)
  const isMade = kubernetes.authority !== undefined
  const leaves = kubernetesNodes(cluster).map((node) => {
    const own = leavesOf(cluster, node).map((leaf) => {
      const fault = faultOf(world, hosts[node.name]?.services, leaf)
      return [leaf.id, fault === undefined ? [] : [fault]] as const
    })
    return [node.name, Object.fromEntries(own)] as const
  })
  return {
    ca: isMade ? `CA ${kubernetes.authority}` : undefined,
    leaves: Object.fromEntries(leaves),
    sums: isMade ? sums(world, cluster) : undefined,
    api: isMade ? apiFacts(world, cluster, kubernetes, hosts) : undefined,
  }
}

function sums(world: World, cluster: Cluster): NonNullable<KubernetesTierFacts['sums']> {
  const all = kubernetesNodes(cluster).flatMap((node) => secretFilesOf(cluster, node))
  const named = all.map(({ secret }) => [secret, sumOf(secret, world)] as const)
  return Object.fromEntries(named) as NonNullable<KubernetesTierFacts['sums']>
}

function apiFacts(
  world: World,
  cluster: Cluster,
  kubernetes: Kubernetes,
  hosts: Hosts,
): KubernetesTierFacts['api'] {
  const asked = startedMasters(cluster, hosts)
  if (asked.length === 0) return undefined
  kubernetes.faltered = kubernetes.falters > 0
  if (kubernetes.faltered) kubernetes.falters -= 1
  const servers = asked.map((name) => [name, serverFacts(world, cluster, name)] as const)
  const from = servers.find(([, { state }]) => state === 'ready')?.[0]
  return {
    servers: Object.fromEntries(servers),
    balancer: undefined,
    held: from === undefined ? undefined : held(cluster, kubernetes, from),
  }
}

function held(cluster: Cluster, kubernetes: Kubernetes, from: string): HeldFacts {
  const { nodes, objects, configMaps, workloads } = kubernetes
  const ready = [...nodes.values()].filter((node) => node.ready).length
  const started = (images: readonly string[]): WorkloadFacts => ({
    wanted: nodes.size,
    ready,
    updated: nodes.size,
    images,
    observed: true,
  })
  const marked = nodesWith(cluster, 'master').filter(
    ({ name }) => nodes.get(name)?.labels[CONTROL_PLANE] !== undefined,
  )
  return {
    ...NOTHING_HELD,
    from,
    nodes: Object.fromEntries(nodes),
    objects: Object.fromEntries(objects),
    configMaps: Object.fromEntries(configMaps),
    workloads: Object.fromEntries([
      ...[...workloads].map(([name, images]) => [name, started(images)] as const),
      ...(objects.has(FLANNEL) ? [[FLANNEL, started([])] as const] : []),
    ]),
    dnsPods: workloads.has(DNS)
      ? marked.map(({ name }, at) => ({ name: `dns-${at}`, node: name, ready: true }))
      : [],
  }
}
