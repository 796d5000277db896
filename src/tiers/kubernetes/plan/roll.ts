/**
 * Which masters get manifests of static pods next. Pure.
 *
 * A control-plane node without an API server gets what it lacks at once: it serves no client. API servers that have to change do
 * so one at a time, and so do hidden ones (masters.ts). Those that are down come first, because their manifests may be the cause.
 * Those that serve follow, and only while all others serve. One look may find an API server down that serves again by now, for
 * example after etcd elected a leader, so not even those that are down change together. When a kubelet is started, the API server
 * follows the manifest on its disk, so nothing else changes in that stage.
 */
import type { KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import type { Hosts } from '../../../engine/tier.ts'
import type { ServerFacts } from '../../../kubernetes/api-facts.ts'
import { type Node, nodesWith } from '../../../spec/cluster.ts'
import type { KubernetesTierFacts } from '../facts.ts'
import { TIER } from '../name.ts'
import { COMPONENTS, type Component, type ManifestsStep } from '../step.ts'
import { type Wanted, manifestState, wantedManifests } from './manifests.ts'
import { servingWithoutKubelet, withApiServer, withHiddenServer } from './masters.ts'

/** A control-plane node with missing or wrong manifests. */
interface Wanting {
  readonly node: Node
  readonly wanted: Wanted
  readonly components: readonly Component[]
  readonly isNew: boolean
}

/** @param mayRun whether a control-plane node without a control plane may get one now */
export function manifestSteps(
  cluster: KubernetesCluster,
  hosts: Hosts,
  facts: KubernetesTierFacts,
  mayRun: (node: Node) => boolean,
): readonly ManifestsStep[] {
  const all = nodesWith(cluster, 'master').flatMap((node) => wantingOf(cluster, hosts, facts, node))
  const hidden = withHiddenServer(cluster, hosts, facts)
  const isFresh = ({ node, isNew }: Wanting) => isNew && !hidden.includes(node.name)
  const fresh = all.filter((one) => isFresh(one) && mayRun(one.node))
  const changing = all.filter((one) => !isFresh(one))
  const [first] = servingWithoutKubelet(cluster, hosts, facts)
  const next =
    fresh.length > 0
      ? fresh
      : nextOf(changing, withApiServer(cluster, hosts, facts), facts).filter(
          ({ node: { name } }) => first === undefined || first === name,
        )
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

/** @param masters names of those with an API server */
function nextOf(
  changing: readonly Wanting[],
  masters: readonly string[],
  { api }: KubernetesTierFacts,
): readonly Wanting[] {
  const isReady = (name: string) => api?.servers[name]?.state === 'ready'
  const isLate = (name: string) => api?.servers[name]?.late === true
  const isAbsent = ({ node }: Wanting) => !masters.includes(node.name)
  const isDown = (one: Wanting) => {
    const { state = 'unreachable', late } = api?.servers[one.node.name] ?? {}
    return !isAbsent(one) && late !== true && DOWN.has(state)
  }
  // Each component except the API server is one of several, of which one leads.
  const isSpared = ({ components }: Wanting) => !components.includes('apiserver')
  const waits = new Set(changing.filter((one) => !isSpared(one)).map(({ node }) => node.name))
  const others = (of: Wanting) => masters.filter((name) => name !== of.node.name)
  // It may serve, like the others that are late. But if all of these hang, their manifests may be the reason, so one of
  // them has to be the first.
  const isNextOfLate = (one: Wanting) =>
    isLate(one.node.name) && others(one).every((name) => isReady(name) || (isLate(name) && waits.has(name)))
  const mayLeave = (one: Wanting) => others(one).every(isReady)
  const down = [...changing.filter(isAbsent), ...changing.filter(isDown).slice(0, 1)]
  if (down.length > 0) return down
  const next = changing.find(isSpared) ?? changing.find(isNextOfLate) ?? changing.find(mayLeave)
  return next === undefined ? [] : [next]
}

const DOWN: ReadonlySet<ServerFacts['state']> = new Set(['silent', 'not-ready'])

/** Those of these control-plane nodes whose manifests are current; all, if none are. */
export function changedOf(
  names: readonly string[],
  cluster: KubernetesCluster,
  hosts: Hosts,
  facts: KubernetesTierFacts,
): readonly string[] {
  const stale = nodesWith(cluster, 'master').flatMap((node) => wantingOf(cluster, hosts, facts, node))
  const changed = names.filter((name) => stale.every(({ node }) => node.name !== name))
  return changed.length > 0 ? changed : names
}
