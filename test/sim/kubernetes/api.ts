/** What steps do to Kubernetes through its API, with its refusals. */
import { hasKubernetes, type KubernetesCluster } from '../../../src/kubernetes/kubernetes-cluster.ts'
import { stringify } from 'yaml'
import { imageNames } from '../../../src/kubernetes/image-names.ts'
import { nodePatch } from '../../../src/kubernetes/objects/node-settings.ts'
import { NODE_NOTE } from '../../../src/kubernetes/api-facts.ts'
import type { Cluster } from '../../../src/spec/cluster.ts'
import { kubernetesNodes } from '../../../src/spec/kubernetes.ts'
import { storedBy, wantedSettings } from '../../../src/tiers/kubernetes/plan/in-cluster.ts'
import { DNS, PROXY } from '../../../src/tiers/kubernetes/plan/unready.ts'
import type { ClusterPhase } from '../../../src/tiers/kubernetes/step.ts'
import type { SimulatedKubernetes } from '../../../src/tiers/etcd/steps/simulated.ts'
import type { Disk } from '../disk.ts'
import { Failure } from '../failure.ts'
import { settle } from '../etcd.ts'
import { type World, fresh } from '../world.ts'
import { type Kubernetes, isLate, servers, settleKubernetes, stateOf } from './model.ts'

interface Scene {
  readonly kubernetes: Kubernetes
  readonly cluster: KubernetesCluster
}

export function simulatedKubernetes(world: World, cluster: Cluster): SimulatedKubernetes {
  return {
    makeAuthorities: () => (scene(world, cluster).kubernetes.authority ??= fresh(world)),
    put: (name, object) => {
      const { kubernetes } = scene(world, cluster)
      requireServer(world, cluster)
      kubernetes.objects.set(name, object)
    },
    setNodes: (names) => {
      requireServer(world, cluster)
      setNodes(scene(world, cluster), names)
    },
    await: (milestone, nodes) => {
      const { kubernetes } = scene(world, cluster)
      // A server that just started needs a moment, and kubelets another one.
      for (let moment = 0; moment < 3; moment += 1) {
        settle(world, cluster)
        settleKubernetes(world, cluster)
      }
      const away = nodes.filter(
        (name) => stateOf(world, cluster, name) !== 'ready' || isLate(world, cluster, name),
      )
      const unknown = kubernetesNodes(cluster).filter(({ name }) => !kubernetes.nodes.has(name))
      const unready = kubernetesNodes(cluster).filter(
        ({ name }) => kubernetes.nodes.get(name)?.ready !== true,
      )
      const late = [
        ...(milestone === 'nodes' ? [] : away),
        ...(milestone === 'joined' ? unknown : []).map(({ name }) => name),
        ...(milestone === 'nodes' ? unready : []).map(({ name }) => name),
      ]
      if (late.length > 0) throw new Failure(`after 600 s Kubernetes is not as it should be: ${late.join()}`)
    },
    prove: () => {
      const { kubernetes } = scene(world, cluster)
      requireServer(world, cluster)
      if (kubernetes.balancerDown) throw new Failure('the proof: the load balancer does not answer')
    },
  }
}

/** A phase of kubeadm on a control-plane node: it uses that node's API server. */
export function carryOut(world: World, cluster: Cluster, disk: Disk, phase: string): void {
  const { kubernetes, cluster: own } = scene(world, cluster)
  if (stateOf(world, cluster, disk.node.name) !== 'ready')
    throw new Failure(`kubeadm init phase ${phase} failed: the API server does not answer`)
  const { kubeProxy, coredns } = imageNames(own.kubernetes)
  const [name, key, fields] = storedBy(own, phase as ClusterPhase) ?? []
  if (name !== undefined && key !== undefined)
    kubernetes.configMaps.set(name, {
      sha256: String(fresh(world)),
      data: { [key]: stringify(fields, { aliasDuplicateObjects: false }) },
    })
  if (phase === 'addon/kube-proxy') kubernetes.workloads.set(PROXY, [kubeProxy])
  if (phase === 'addon/coredns') kubernetes.workloads.set(DNS, [coredns])
}

function scene({ kubernetes }: World, cluster: Cluster): Scene {
  if (kubernetes === undefined || !hasKubernetes(cluster)) throw new TypeError('there is no Kubernetes')
  return { kubernetes, cluster }
}

function requireServer(world: World, cluster: Cluster): void {
  if (servers(world, cluster).length === 0) throw new Failure('no API server is ready')
}

function setNodes({ kubernetes, cluster }: Scene, names: readonly string[]): void {
  for (const node of kubernetesNodes(cluster).filter(({ name }) => names.includes(name))) {
    const before = kubernetes.nodes.get(node.name)
    const patch = before && nodePatch(wantedSettings(cluster, node), before)
    if (before === undefined || patch === undefined) continue
    const labels = Object.entries({ ...before.labels, ...patch.metadata.labels }).flatMap(([key, value]) =>
      value === null ? [] : [[key, value] as const],
    )
    kubernetes.nodes.set(node.name, {
      ...before,
      labels: Object.fromEntries(labels),
      taints: patch.spec?.taints ?? before.taints,
      noted: patch.metadata.annotations[NODE_NOTE] ?? undefined,
    })
  }
}
