/** The state of members and cluster once a member runs. */
import { clientUrls, peerUrl, peerUrlsOf } from '../../../etcd/configuration.ts'
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { UNIT_MARK } from '../../../etcd/unit-file.ts'
import { type MemberState, PATHS } from '../../../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { nodeNameOf } from '../../../spec/etcd-name.ts'
import { rosterOf } from '../facts/membership-map.ts'
import type { ClusterFacts, MemberFacts, Observed } from '../facts/observed.ts'
import { parsePin } from '../facts/pin.ts'
import { UNKNOWN_YET } from '../facts/unknown.ts'
import { isKeptStopped } from '../plan/kept.ts'
import { peersForNow } from '../plan/plain-peers.ts'
import { endedDowngrade } from './downgrade.ts'

/** A process has the environment from its files, and the mark of its unit. */
export function started(member: MemberState): MemberState['unit'] {
  const unit = member.contents[PATHS.unit] ?? ''
  const mark = new RegExp(`^Environment=${UNIT_MARK}=(.*)$`, 'm').exec(unit)?.[1]
  const environment = {
    ...parseEnvironmentFile(member.contents[PATHS.environment] ?? ''),
    ...(mark === undefined ? {} : { [UNIT_MARK]: mark }),
    ...parseEnvironmentFile(member.tls.mark ?? ''),
  }
  return { ...member.unit, active: 'active', environment }
}

/**
 * A member of an existing cluster returns, or announces its address. Without a cluster, all members together form a new
 * one.
 */
export function memberStarted(cluster: Cluster, observed: Observed, host: string): Observed {
  const facts = observed.cluster
  const node = etcdNodes(cluster).find(({ name }) => name === host)
  if (facts === undefined || node === undefined || facts.members.length === 0)
    return formed(cluster, observed)
  const own = rosterOf(cluster, facts.members, 0).members.get(host)
  const members = facts.members.map((member) =>
    member === own
      ? { ...member, name: host, etcdName: node.etcdName, clientUrls: clientUrls(cluster, node) }
      : member,
  )
  const voter = own !== undefined && !own.learner
  const healthy = voter && !facts.healthy.includes(host) ? [...facts.healthy, host] : facts.healthy
  const running = etcdNodes(cluster)
    .map(({ name }) => observed.hosts[name]?.member)
    .every((member) => member?.unit.active === 'active' || isKeptStopped(member))
  const leader = facts.leader ?? healthy[0]
  const versions = { ...facts.versions, [host]: installedVersion(observed, host) }
  const after = { ...facts, members, healthy, leader, leading: facts.leading ?? leader, versions }
  // This member may complete a quorum: then all running members are healthy.
  return { ...observed, cluster: endedDowngrade(running ? recovered(after) : after) }
}

function installedVersion({ hosts }: Observed, host: string): string {
  return hosts[host]?.member?.binaries['etcd']?.version ?? UNKNOWN_YET
}

/** Once every member has started, the cluster is healthy. */
export function formed(wanted: Cluster, observed: Observed): Observed {
  const cluster = peersForNow(wanted, observed)
  const nodes = etcdNodes(cluster)
  const state = (node: Node) => observed.hosts[node.name]?.member
  // A cluster that was verified before returns with the members that have data; a new one with all.
  const pinned = nodes.some((node) => state(node)?.contents[PATHS.clusterId] !== undefined)
  // One that is starting waits for the others.
  const isWaiting = (member: MemberState | undefined) =>
    member?.unit.active === 'activating' && (!pinned || member.dataPresent)
  const running = nodes.filter((node) => state(node)?.unit.active === 'active' || isWaiting(state(node)))
  const expected = pinned
    ? nodes.filter((node) => state(node)?.dataPresent === true && !isKeptStopped(state(node)))
    : nodes
  if (running.length < expected.length) return observed
  const pin = nodes
    .map((node) => observed.hosts[node.name]?.member?.contents[PATHS.clusterId])
    .find((text) => text !== undefined)
  // Every member lists all members, including those that have not returned, or that the file no longer names.
  const known = rosterOf(cluster, pinned ? listedBefore(cluster, running.map(state)) : [], 0)
  const names = [...running, ...known.others].map(({ name }) => name)
  const members = nodes
    .filter((node) => running.includes(node) || known.members.has(node.name))
    .map((node) => ({
      id: UNKNOWN_YET,
      name: node.name,
      // A new address has to be announced.
      peerUrls: known.members.get(node.name)?.peerUrls ?? [peerUrl(cluster, node)],
      clientUrls: clientUrls(cluster, node),
      learner: false,
    }))
  const hosts = Object.entries(observed.hosts).map(([name, host]) => {
    const { member } = host
    return [name, isWaiting(member) && member ? { ...host, member: ready(member) } : host] as const
  })
  return {
    ...observed,
    hosts: Object.fromEntries(hosts),
    cluster: {
      id: observed.cluster?.id ?? (pin === undefined ? undefined : parsePin(pin)?.clusterId) ?? UNKNOWN_YET,
      members: [...members, ...known.others],
      healthy: names,
      leader: running[0]?.name,
      leading: running[0]?.name,
      ids: {},
      space: observed.cluster?.space ?? {},
      revision: observed.cluster?.revision ?? 0,
      versions: Object.fromEntries(running.map(({ name }) => [name, installedVersion(observed, name)])),
      lag: Object.fromEntries(names.map((name) => [name, 0])),
      alarms: observed.cluster?.alarms ?? [],
      problems: [],
      verified: observed.cluster?.verified ?? false,
    },
  }
}

function ready(member: MemberState): MemberState {
  return { ...member, logIdentity: undefined, unit: { ...member.unit, active: 'active' } }
}

/** The members of a cluster in which none answers, as their options files list them. Some may be out of date. */
function listedBefore(
  cluster: Cluster,
  states: readonly (MemberState | undefined)[],
): readonly MemberFacts[] {
  const wanted = new Set(etcdNodes(cluster).flatMap((node) => peerUrlsOf(cluster, node)))
  const urls = new Map<string, string>()
  for (const state of states) {
    const options = parseEnvironmentFile(state?.contents[PATHS.environment] ?? '')
    for (const peer of (options['ETCD_INITIAL_CLUSTER'] ?? '').split(',')) {
      const [etcdName = '', url = ''] = peer.split('=')
      if (url !== '' && (!urls.has(etcdName) || wanted.has(url))) urls.set(etcdName, url)
    }
  }
  return [...urls].map(([etcdName, url]) => ({
    id: UNKNOWN_YET,
    name: nodeNameOf(cluster, etcdName),
    etcdName,
    peerUrls: [url],
    clientUrls: [],
    learner: false,
  }))
}

/** Every member answers, and has caught up. */
export function recovered(facts: ClusterFacts): ClusterFacts {
  const voters = facts.members.filter(({ name, learner }) => name !== '' && !learner)
  const names = [...Object.keys(facts.lag), ...voters.map(({ name }) => name)]
  const lag = Object.fromEntries(names.map((name) => [name, 0]))
  return { ...facts, problems: [], healthy: voters.map(({ name }) => name), lag }
}
