/**
 * The next steps toward a serving Kubernetes, from the observed state. Pure; evaluated again after each stage:
 *
 * 1. Certificates and secrets on all nodes, and the control plane on the first control-plane node.
 * 2. Once an API server is ready: what kubeadm and quorate store in the API, and all other nodes, at once.
 * 3. Once all nodes have registered: their labels and taints. Once all are ready, CoreDNS is spread, and the cluster is verified.
 *
 * If a control plane exists already, one node's manifests change at a time: first those of nodes that don't serve, then the
 * others, while all other nodes serve.
 */
import { hasKubernetes, type KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import type { LeafCertificateStep, SecretFileStep } from '../../../engine/leaf-steps.ts'
import type { ServiceLoadStep } from '../../../engine/service-steps.ts'
import type { Hosts } from '../../../engine/tier.ts'
import type { HostState } from '../../../host/state.ts'
import { leavesOf } from '../../../kubernetes/certificates.ts'
import { type Cluster, type Node, nodesWith } from '../../../spec/cluster.ts'
import { kubernetesNodes } from '../../../spec/kubernetes.ts'
import { type KubernetesTierFacts, tierFacts } from '../facts.ts'
import { TIER } from '../name.ts'
import { type AwaitStep, type KubernetesClusterStep, type KubernetesHostStep } from '../step.ts'
import { asksFor, faultsOf, reason } from './early.ts'
import { FLANNELD, KUBELET } from './files.ts'
import { bindingSteps, inClusterSteps, nodeSettingsSteps, proofSteps } from './in-cluster.ts'
import { isRunning, servingWithoutKubelet, withApiServer, withHiddenServer } from './masters.ts'
import { changedOf, manifestSteps } from './roll.ts'
import { secretSteps } from './secrets.ts'
import { unready, unregistered } from './unready.ts'

export type StageStep =
  | KubernetesClusterStep
  | KubernetesHostStep
  | LeafCertificateStep
  | SecretFileStep
  | ServiceLoadStep

interface Scene {
  readonly cluster: KubernetesCluster
  readonly hosts: Hosts
  readonly facts: KubernetesTierFacts
  readonly masters: readonly Node[]
  /** Control-plane nodes whose API server is ready. */
  readonly serving: ReadonlySet<string>
}

export function stageSteps(
  cluster: Cluster,
  hosts: Hosts,
  _stamp: string,
  found: unknown,
): readonly StageStep[] {
  if (!hasKubernetes(cluster)) return []
  const facts = tierFacts(found)
  const masters = nodesWith(cluster, 'master')
  const ready = masters.filter(({ name }) => facts.api?.servers[name]?.state === 'ready')
  const scene = { cluster, hosts, facts, masters, serving: new Set(ready.map(({ name }) => name)) }
  const machines = [...authoritySteps(scene), ...nodeSteps(scene)]
  const [first] = ready
  if (first === undefined) {
    if (machines.length > 0) return machines
    const closed = masters.some(({ name }) => facts.api?.servers[name]?.state === 'refused')
    return closed ? bindingSteps(cluster) : [awaitApi(withApiServer(cluster, hosts, facts))]
  }
  const together = [...inClusterSteps(cluster, facts, first), ...machines]
  if (together.length > 0) return together
  const behind = withApiServer(cluster, hosts, facts).filter((name) => !scene.serving.has(name))
  const unknown = unregistered(cluster, facts)
  if (behind.length + unknown.length > 0)
    // Not for a node whose own manifests change only after these.
    return [awaitJoined(changedOf(behind, cluster, hosts, facts), unknown)]
  // Before waiting for them: CoreDNS runs on nodes that are labeled as control-plane nodes.
  const settings = nodeSettingsSteps(cluster, facts)
  if (settings.length > 0) return settings
  const missing = unready(cluster, facts)
  return missing.length > 0 ? [awaitNodes(missing)] : proofSteps(cluster, facts)
}

function authoritySteps({ facts }: Scene): StageStep[] {
  if (facts.ca !== undefined) return []
  const what = "make Kubernetes' certificate authorities and the keys that masters share"
  return [{ kind: 'kubernetes-authorities', what, why: 'there are none yet', danger: 'none' }]
}

function nodeSteps(scene: Scene): StageStep[] {
  const { cluster, hosts, facts } = scene
  const manifests = manifestSteps(cluster, hosts, facts, (node) => mayRun(scene, node))
  const [, ...later] = servingWithoutKubelet(cluster, hosts, facts)
  // Without a manifest, the kubelet would only end the API server.
  const hidden = withHiddenServer(cluster, hosts, facts).filter((name) =>
    manifests.every(({ host }) => host !== name),
  )
  const mayStart = (node: Node) => mayRun(scene, node) && ![...later, ...hidden].includes(node.name)
  return kubernetesNodes(cluster).flatMap((node: Node) => {
    const host = hosts[node.name]
    if (host === undefined) return []
    return [
      ...secretSteps(cluster, node, host, facts),
      ...certificateSteps(cluster, node, host, facts),
      ...manifests.filter((step) => step.host === node.name),
      ...(cluster.kubernetes.flannel === 'service' ? loadSteps(host, FLANNELD, 'routes stay') : []),
      ...(mayStart(node) ? loadSteps(host, KUBELET, 'pods stay') : []),
    ]
  })
}

/** Until an API server is ready, only the first control-plane node is set up: a problem on it would happen on all. */
function mayRun({ masters, serving }: Scene, { name }: Node): boolean {
  return serving.size > 0 || name === masters[0]?.name
}

function certificateSteps(
  cluster: KubernetesCluster,
  node: Node,
  host: HostState,
  facts: KubernetesTierFacts,
): LeafCertificateStep[] {
  return leavesOf(cluster, node).flatMap((leaf) => {
    const faults = faultsOf(facts, host, leaf.id)
    if (faults.length === 0 || !asksFor(cluster, host, leaf)) return []
    const path = leaf.place.form === 'pair' ? leaf.place.certificate : leaf.place.path
    return [
      {
        kind: 'leaf-certificate',
        tier: TIER,
        host: node.name,
        leaf: leaf.id,
        place: leaf.place,
        kubeconfig: leaf.place.form === 'kubeconfig' ? undefined : leaf.kubeconfig?.path,
        reader: leaf.reader,
        danger: 'none',
        creates: faults.some(({ code }) => code === 'missing'),
        what: `issue and activate ${path} with its key`,
        why: reason(faults),
      } as const,
    ]
  })
}

/** @param stays what a restart doesn't affect */
function loadSteps({ name, services }: HostState, service: string, stays: string): ServiceLoadStep[] {
  const unit = services?.units[service]
  const runs = unit !== undefined && isRunning(unit.active)
  const why = !runs
    ? `it is ${unit?.active ?? 'not there'}`
    : unit.loading
      ? 'its configuration changed'
      : unit.needsReload === true
        ? 'its unit changed'
        : unit.enabled
          ? undefined
          : 'it would not start at boot'
  if (why === undefined) return []
  const what = runs ? `restart ${service}; ${stays}` : `enable and start ${service}`
  const common = { tier: TIER, host: name, unit: service, danger: 'none', what, why } as const
  return [{ ...common, kind: 'service-load', reloads: runs, restarts: true }]
}

function awaitApi(nodes: readonly string[]): AwaitStep {
  const what = `wait until the API ${nodes.length === 1 ? 'server is' : 'servers are'} ready on ${nodes.join(', ')}`
  const why = 'everything else goes through it'
  return { kind: 'kubernetes-await', milestone: 'api', nodes, what, why, danger: 'none' }
}

function awaitJoined(behind: readonly string[], unknown: readonly string[]): AwaitStep {
  const what = 'wait until every API server is ready and every node has registered'
  const servers = behind.map((name) => `the API server on ${name} is not ready`)
  const why = shortly([...servers, ...unknown.map((name) => `${name} has not registered`)])
  return { kind: 'kubernetes-await', milestone: 'joined', nodes: behind, what, why, danger: 'none' }
}

function shortly(reasons: readonly string[]): string {
  return reasons.slice(0, 4).join('; ') + (reasons.length > 4 ? '; …' : '')
}

function awaitNodes(missing: readonly string[]): AwaitStep {
  const what = 'wait until every node is ready, and what runs on all of them'
  const why = shortly(missing)
  return { kind: 'kubernetes-await', milestone: 'nodes', nodes: [], what, why, danger: 'none' }
}
