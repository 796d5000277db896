/** Checks that the nodes meet the requirements. Inspects all nodes at once and changes nothing. */
import { QuorateError } from '../errors.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import type { Remote } from '../ssh/remote.ts'
import { type Check, judge, type PreflightReport } from './checks.ts'
import { judgeAccount, judgePackage } from './account.ts'
import { type ClockReading, judgeClocks } from './clock.ts'
import { judgeFlushes } from './flush.ts'
import { type Gathered, gather } from './gather.ts'
import { judgeKubernetesNode } from './kubernetes-node.ts'
import { judgeLoadBalancer, loadBalancerHost } from './names.ts'
import { judgeOtherCluster } from './other-cluster.ts'
import { judgePeers } from './peers.ts'
import { judgePodNetworks } from './pod-network.ts'
import { judgeRehearsal } from './rehearsal.ts'
import { judgeEtcdPlace } from './ports.ts'
import { type NodeNeeds, packagesFor } from '../host/needs.ts'
import { judgeTierPort } from './tiers.ts'
import { judgeSize } from './size.ts'
import { judgeSystem } from './system.ts'
import { judgeTwins } from './twins.ts'
import { LOOK_MS } from '../ssh/limits.ts'

/** One of the run's events, so that one renderer shows both. */
export interface PreflightEvent {
  readonly type: 'note'
  readonly host: string
  /** One plain line. */
  readonly text: string
}

export interface PreflightOptions {
  readonly cluster: Cluster
  /** By node name. A node without one is a failure in the report. */
  readonly remotes: ReadonlyMap<string, Remote>
  /** Why some nodes have no `Remote`, e.g. the errors of `onAll`. Shown for those nodes. */
  readonly troubles?: readonly QuorateError[] | undefined
  readonly signal: AbortSignal
  readonly emit?: ((event: PreflightEvent) => void) | undefined
  /** Milliseconds since the epoch; `Date.now` unless given. */
  readonly now?: (() => number) | undefined
  /** How long a node may take, in ms; unless given, as long as for any other inspection. A busy node takes a while. */
  readonly limitMs?: number | undefined
  /**
   * Names of nodes that will join a cluster. The report covers them and the connections between them and the
   * other nodes, whose disks are not measured. All nodes unless given.
   */
  readonly only?: ReadonlySet<string> | undefined
  /** The products other than etcd. */
  readonly tiers?: readonly NodeNeeds[] | undefined
}

/**
 * Checks every node of the cluster file: one SSH session each, all at the same time, under a second for a few
 * idle nodes. Problems of a node are in the report and not thrown; `summarize` says whether they block an
 * apply.
 *
 * @throws the signal's reason when aborted.
 */
export async function preflight(options: PreflightOptions): Promise<PreflightReport> {
  const { cluster, emit } = options
  const answers = await gather({
    cluster,
    remotes: options.remotes,
    signal: options.signal,
    now: options.now ?? Date.now,
    limitMs: options.limitMs ?? LOOK_MS,
    only: options.only,
    tiers: options.tiers,
    onAnswer: (host) => emit?.({ type: 'note', host, text: 'inspected' }),
  })
  const reports = cluster.nodes.map((node) => {
    const trouble = options.troubles?.find(({ host }) => host === node.name)
    return { node, answer: answers.get(node.name) ?? trouble ?? notConnected(node) }
  })
  const checks = judgeAll(cluster, reports, options)
  return { checks: checks.filter((check) => isAbout(check, options.only)) }
}

/** A clock is compared with all others, and a connection has two ends. */
function isAbout({ host, subject }: Check, only: ReadonlySet<string> | undefined): boolean {
  if (only === undefined || host === undefined || only.has(host)) return true
  return subject?.split(' -> ').some((end) => only.has(end)) ?? false
}

interface NodeReport {
  readonly node: Node
  readonly answer: Gathered | QuorateError
}

function judgeAll(
  cluster: Cluster,
  reports: readonly NodeReport[],
  { remotes, tiers = [] }: Pick<PreflightOptions, 'remotes' | 'tiers'>,
): Check[] {
  const looked = reports.flatMap(({ node, answer }) =>
    answer instanceof QuorateError ? [] : [{ node, ...answer }],
  )
  const clocks = new Map<string, ClockReading>(
    looked.flatMap(({ node, clock }) => (clock === undefined ? [] : [[node.name, clock] as const])),
  )
  const together = [
    ...judgeTwins(looked),
    ...judgeClocks(clocks),
    ...judgePeers(
      cluster,
      looked.filter(({ node }) => node.roles.includes('etcd')),
    ),
  ]
  const single = reports.flatMap(({ node, answer }) => [
    ...(answer instanceof QuorateError
      ? [inaccessible(node, answer)]
      : [accessible(node, remotes.get(node.name)), ...judgeNode(cluster, node, answer, tiers)]),
    ...together.filter(({ host }) => host === node.name),
  ])
  return [...single, ...together.filter(({ host }) => host === undefined)]
}

function judgeNode(cluster: Cluster, node: Node, { facts }: Gathered, tiers: readonly NodeNeeds[]): Check[] {
  return [
    ...judgeSize(cluster, node, facts),
    ...judgeSystem({ ...cluster, packages: packagesFor(cluster, node, tiers) }, node, facts),
    ...tiers.flatMap((tier) => tier.ports(cluster, node).map((port) => judgeTierPort(node, facts, port))),
    ...(node.roles.includes('etcd')
      ? [
          ...judgeEtcdPlace(cluster, node, facts),
          ...judgeOtherCluster(cluster, node, facts),
          ...judgeAccount(node, facts),
          ...judgePackage(cluster, node, facts),
          ...judgeRehearsal(cluster, node, facts),
          judgeFlushes(node, facts, cluster.etcd.walDirectory),
        ]
      : []),
    ...judgeLoadBalancer(node, facts, loadBalancerHost(cluster.loadBalancerUrl)),
    ...judgePodNetworks(cluster, node, facts),
    ...judgeKubernetesNode(cluster, node, facts),
  ]
}

function accessible(node: Node, remote: Remote | undefined): Check {
  const user = remote?.user ?? 'root'
  return judge(node.name, 'access', 'Access').ok({
    found: user === 'root' ? 'as root' : `as ${user}, root through sudo`,
  })
}

function inaccessible(node: Node, error: QuorateError): Check {
  return judge(node.name, 'access', 'Access').failure({
    found: error.message,
    wanted: 'root access over SSH, directly or through sudo',
    remedy: error.hint ?? `check by hand: ssh ${node.ssh.host} sudo true`,
  })
}

function notConnected(node: Node): QuorateError {
  return new QuorateError('unreachable', 'not connected', { host: node.name })
}
