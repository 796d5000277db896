/** What `status` reports about Kubernetes, from the answers of its API and its API servers. Pure. */
import { type Note, noteText } from '../../engine/note.ts'
import type { TierPart, TierReport } from '../../engine/tier.ts'
import type {
  HeldFacts,
  KubernetesFacts,
  Led,
  NodeFacts,
  ServerFacts,
  WorkloadFacts,
} from '../../kubernetes/api-facts.ts'
import { type Cluster, nodesWith } from '../../spec/cluster.ts'
import { kubernetesNodes } from '../../spec/kubernetes.ts'
import { counted, formatDuration } from '../../spec/units.ts'

/** An interface: add, don't change. */
type KubernetesNoteId =
  | 'api-server-not-ready'
  | 'api-server-version'
  | 'certificate-requests-pending'
  | 'component-without-leader'
  | 'content-not-read'
  | 'dns-on-one-node'
  | 'kubelet-version'
  | 'leader-silent'
  | 'load-balancer-not-ready'
  | 'node-cordoned'
  | 'node-missing'
  | 'node-not-in-the-cluster-file'
  | 'node-not-ready'
  | 'pods-not-ready'
  | 'proof-not-removed'
  | 'workload-changes'
  | 'workload-missing'

type KubernetesNote = Note<KubernetesNoteId>

/** Part of the cluster, with its problems and their fixes. */
interface Judged extends TierPart {
  readonly notes: readonly KubernetesNote[]
}

const COMPONENTS: Readonly<Record<Led, string>> = {
  'kube-controller-manager': 'controller-manager',
  'kube-scheduler': 'scheduler',
}

/** undefined: the cluster file has no Kubernetes. */
export function kubernetesReport(cluster: Cluster, facts: KubernetesFacts): TierReport | undefined {
  const { kubernetes } = cluster
  if (kubernetes === undefined) return undefined
  const { held } = facts
  const servers = serversPart(cluster, facts)
  const parts = [
    servers,
    ...(facts.balancer === undefined ? [] : [balancerPart(facts.balancer)]),
    ...(held === undefined ? [] : heldParts(cluster, held)),
  ]
  const unasked = held === undefined && servers.serving === true
  const notes = parts.flatMap((part) => part.notes)
  if (unasked) {
    const message = 'what the API holds could not be read; run quorate status again'
    notes.push({ id: 'content-not-read', host: null, message })
  }
  // Clients use the balancer, if there is one, so its state counts.
  const serving = facts.balancer === undefined ? servers.serving : serves(facts.balancer)
  return {
    tier: 'kubernetes',
    serving,
    healthy:
      notes.length === 0 ? true : parts.some((part) => part.serving === false) ? false : unknown(parts),
    summary: `Kubernetes ${kubernetes.version} ${serving === true ? 'serves' : serving === false ? 'does NOT serve' : 'could not be asked'}`,
    parts: parts.map(({ part, serving: works, summary }) => ({ part, serving: works, summary })),
    notes: notes.map(noteText),
    noteDetails: notes,
  }
}

/** null if something could not be asked; false if everything could, and yet something has to be done. */
function unknown(parts: readonly Judged[]): boolean | null {
  return parts.some(({ serving }) => serving === null) ? null : false
}

/** null: unknown. */
function serves({ state }: ServerFacts): boolean | null {
  if (state === 'ready') return true
  return state === 'not-ready' || state === 'silent' ? false : null
}

function serversPart(cluster: Cluster, { servers }: KubernetesFacts): Judged {
  const version = cluster.kubernetes?.version
  const asked = nodesWith(cluster, 'master').flatMap(({ name }) => {
    const server = Object.hasOwn(servers, name) ? servers[name] : undefined
    return server === undefined ? [] : [{ name, server }]
  })
  const ready = asked.filter(({ server }) => server.state === 'ready')
  const notes = asked.flatMap(({ name: host, server }): KubernetesNote[] => {
    if (server.state !== 'ready') {
      const message = `API server ${server.state}: ${server.problem ?? ''}`
      return [{ id: 'api-server-not-ready', host, message }]
    }
    if (server.version === version) return []
    const message = `API server runs ${server.version}, and the cluster file asks for ${version}; quorate plan says what to do`
    return [{ id: 'api-server-version', host, message }]
  })
  const known = asked.map(({ server }) => serves(server))
  return {
    part: 'api-servers',
    serving: ready.length > 0 ? true : known.includes(null) ? null : false,
    summary: `${ready.length} of ${counted(asked.length, 'API server')} ready`,
    notes,
  }
}

function balancerPart(balancer: ServerFacts): Judged {
  const serving = serves(balancer)
  const message = `through the load balancer: API server ${balancer.state}: ${balancer.problem ?? ''}`
  const words = serving === true ? 'ready' : serving === false ? 'not ready' : 'not known'
  return {
    part: 'balancer',
    serving,
    summary: `${words} through the load balancer`,
    notes: serving === true ? [] : [{ id: 'load-balancer-not-ready', host: null, message }],
  }
}

function heldParts(cluster: Cluster, held: HeldFacts): readonly Judged[] {
  const flannel = cluster.kubernetes?.flannel
  return [
    leaderPart(held, 'kube-controller-manager'),
    leaderPart(held, 'kube-scheduler'),
    nodesPart(cluster, held),
    workloadPart('kube-proxy', 'kube-proxy', held.workloads['DaemonSet kube-system/kube-proxy']),
    ...(flannel === 'daemonset'
      ? [workloadPart('flannel', 'flannel', held.workloads['DaemonSet kube-flannel/kube-flannel-ds'])]
      : []),
    dnsPart(cluster, held),
    ...(held.pendingRequests.length === 0 ? [] : [requestsPart(held)]),
    ...(held.proofs.length === 0 ? [] : [proofsPart(held)]),
  ]
}

function leaderPart({ leaders }: HeldFacts, component: Led): Judged {
  const leader = leaders[component]
  const name = COMPONENTS[component]
  const common = { part: name }
  if (leader === undefined) {
    const message = `no ${name} leads; on the masters: tail /var/log/pods/kube-system_${component}-*/*/*.log`
    const notes = [{ id: 'component-without-leader', host: null, message } as const]
    return { ...common, serving: false, summary: `no ${name} leads`, notes }
  }
  // After this duration, another one takes over, which may last as long again.
  const stale = leader.ageMs > 2 * leader.durationMs
  const age = formatDuration(Math.max(0, leader.ageMs))
  const message = `the ${name} on ${leader.holder} led last, and has said nothing for ${age}; on the masters: tail /var/log/pods/kube-system_${component}-*/*/*.log`
  return {
    ...common,
    serving: !stale,
    summary: stale ? `no ${name} leads` : `${name} leads on ${leader.holder}`,
    notes: stale ? [{ id: 'leader-silent', host: null, message }] : [],
  }
}

function nodesPart(cluster: Cluster, { nodes }: HeldFacts): Judged {
  const wanted = kubernetesNodes(cluster)
  const version = cluster.kubernetes?.version ?? ''
  const notes: KubernetesNote[] = []
  let ready = 0
  for (const { name } of wanted) {
    const node = Object.hasOwn(nodes, name) ? nodes[name] : undefined
    if (node?.ready === true) ready += 1
    notes.push(...nodeNotes(name, node, version))
  }
  const known = new Set(wanted.map(({ name }) => name))
  for (const host of Object.keys(nodes).filter((one) => !known.has(one))) {
    const message = `is a node of Kubernetes, and not in the cluster file; quorate kubectl -- delete node ${host}`
    notes.push({ id: 'node-not-in-the-cluster-file', host, message })
  }
  return {
    part: 'nodes',
    serving: ready === wanted.length,
    summary: `${ready} of ${counted(wanted.length, 'node')} Ready`,
    notes,
  }
}

function nodeNotes(host: string, node: NodeFacts | undefined, version: string): readonly KubernetesNote[] {
  if (node === undefined)
    return [{ id: 'node-missing', host, message: 'is not a node of Kubernetes; see quorate plan' }]
  const { ready, why, kubeletVersion, unschedulable } = node
  const down = `not Ready: ${why}; on ${host}: journalctl -u kubelet`
  const other = `kubelet runs ${kubeletVersion}, and the cluster file asks for ${version}; quorate plan says what to do`
  const cordoned = `cordoned: it gets no new pods; to change that: quorate kubectl -- uncordon ${host}`
  return [
    ...(ready ? [] : [{ id: 'node-not-ready', host, message: down } as const]),
    ...(ready && kubeletVersion !== version
      ? [{ id: 'kubelet-version', host, message: other } as const]
      : []),
    ...(unschedulable ? [{ id: 'node-cordoned', host, message: cordoned } as const] : []),
  ]
}

function workloadPart(part: string, name: string, facts: WorkloadFacts | undefined): Judged {
  if (facts === undefined) {
    const message = `${name}: is not deployed; quorate plan says what to do`
    const notes = [{ id: 'workload-missing', host: null, message } as const]
    return { part, serving: false, summary: `${name} missing`, notes }
  }
  const { wanted, ready, updated, observed } = facts
  const notes: KubernetesNote[] = []
  if (ready < wanted) {
    const message = `${name}: ${ready} of ${counted(wanted, 'pod')} ready; quorate kubectl -- get pods -A -o wide`
    notes.push({ id: 'pods-not-ready', host: null, message })
  } else if (!observed || updated < wanted) {
    notes.push({ id: 'workload-changes', host: null, message: `${name}: a change of it is still on its way` })
  }
  return { part, serving: ready >= wanted, summary: `${name} ${ready} of ${wanted}`, notes }
}

function dnsPart(cluster: Cluster, { workloads, dnsPods }: HeldFacts): Judged {
  const own = workloadPart('dns', 'CoreDNS', workloads['Deployment kube-system/coredns'])
  const ready = dnsPods.filter((pod) => pod.ready)
  const nodes = new Set(ready.map(({ node }) => node))
  const crowded = nodes.size === 1 && ready.length > 1 && nodesWith(cluster, 'master').length > 1
  const message = `CoreDNS: all pods run on ${[...nodes].join()}, and with it all names would be gone; quorate apply spreads them`
  return {
    ...own,
    // One answering server is enough.
    serving: ready.length > 0,
    notes: crowded ? [...own.notes, { id: 'dns-on-one-node', host: null, message }] : own.notes,
  }
}

function requestsPart({ pendingRequests }: HeldFacts): Judged {
  const [first] = pendingRequests
  const count = counted(pendingRequests.length, 'certificate request')
  const message = `${count} pending, such as ${first?.name} of ${first?.user} for ${first?.signer}; quorate kubectl -- get csr`
  const notes = [{ id: 'certificate-requests-pending', host: null, message } as const]
  return { part: 'certificate-requests', serving: true, summary: `${count} pending`, notes }
}

function proofsPart({ proofs }: HeldFacts): Judged {
  const message = `${proofs.join(', ')}: a proof is under way, or was cut off; quorate apply removes what it left`
  return {
    part: 'proof',
    serving: true,
    summary: `${counted(proofs.length, 'proof')} not removed`,
    notes: [{ id: 'proof-not-removed', host: null, message }],
  }
}
