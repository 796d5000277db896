/**
 * Which masters get manifests of static pods next. Pure.
 *
 * A master without any gets all of them. Where some are there and are to change, those come first whose API servers are down, all at
 * once: nobody misses them, and what is in their manifests may be why. Then one at a time, and one that serves only while all others do.
 */
import type { KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import type { Hosts } from '../../../engine/tier.ts'
import { type Cluster, type Node, nodesWith } from '../../../spec/cluster.ts'
import type { KubernetesTierFacts } from '../facts.ts'
import { TIER } from '../name.ts'
import { COMPONENTS, type Component, type ManifestsStep } from '../step.ts'
import { type Wanted, manifestPath, manifestState, wantedManifests } from './manifests.ts'

/** A master with manifests that are missing or not as they should be. */
interface Wanting {
  readonly node: Node
  readonly wanted: Wanted
  readonly components: readonly Component[]
  readonly isNew: boolean
}

/** @param mayRun whether a master without a control plane may get one now */
export function manifestSteps(
  cluster: KubernetesCluster,
  hosts: Hosts,
  facts: KubernetesTierFacts,
  mayRun: (node: Node) => boolean,
): readonly ManifestsStep[] {
  const all = nodesWith(cluster, 'master').flatMap((node) => wantingOf(cluster, hosts, facts, node))
  const fresh = all.filter(({ node, isNew }) => isNew && mayRun(node))
  const changing = all.filter(({ isNew }) => !isNew)
  const next = fresh.length > 0 ? fresh : nextOf(changing, begun(cluster, hosts), facts)
  return next.map(({ node, wanted: { stamp }, components, isNew }) => ({
    kind: 'kubeadm-manifests',
    tier: TIER,
    host: node.name,
    components,
    stamp,
    creates: isNew,
    danger: 'none',
    what: `have kubeadm make the static pods ${components.map((name) => `kube-${name}`).join(', ')}`,
    why: isNew
      ? 'missing'
      : 'made from something else than the cluster file, its CAs and keys are now, or changed by hand',
  }))
}

function wantingOf(
  cluster: KubernetesCluster,
  hosts: Hosts,
  facts: KubernetesTierFacts,
  node: Node,
): readonly Wanting[] {
  const host = hosts[node.name]
  if (host === undefined) return []
  const wanted = wantedManifests(cluster, node, facts)
  const states = COMPONENTS.map((component) => [component, manifestState(host, component, wanted)] as const)
  const components = states.flatMap(([component, state]) => (state === 'current' ? [] : [component]))
  if (components.length === 0) return []
  return [{ node, wanted, components, isNew: states.every(([, state]) => state === 'missing') }]
}

/** @param masters names of those with an API server's manifest */
function nextOf(
  changing: readonly Wanting[],
  masters: readonly string[],
  { api }: KubernetesTierFacts,
): readonly Wanting[] {
  const stateOf = (name: string) => api?.servers[name]?.state
  const isDown = ({ node: { name } }: Wanting) => {
    const state = stateOf(name)
    return state === 'silent' || state === 'not-ready' || !masters.includes(name)
  }
  // Others than the API server are only one of several, of which one leads.
  const isSpared = ({ components }: Wanting) => !components.includes('apiserver')
  const mayLeave = ({ node }: Wanting) =>
    masters.every((name) => name === node.name || stateOf(name) === 'ready')
  const down = changing.filter(isDown)
  if (down.length > 0) return down
  const next = changing.find(isSpared) ?? changing.find(mayLeave)
  return next === undefined ? [] : [next]
}

/** Names of masters with an API server's manifest. */
export function begun(cluster: Cluster, hosts: Hosts): readonly string[] {
  const manifest = manifestPath('apiserver')
  return nodesWith(cluster, 'master').flatMap(({ name }) =>
    hosts[name]?.services?.files[manifest] === undefined ? [] : [name],
  )
}
