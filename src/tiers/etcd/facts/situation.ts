/**
 * A cluster's stage of life, judged from its hosts: not started, being formed, or established; or a state in which an
 * operator must decide. The only place that decides whether a bootstrap is allowed.
 */
import { PATHS } from '../../../host/state.ts'
import { peerUrl } from '../../../etcd/configuration.ts'
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { etcdNameOf } from '../../../spec/etcd-name.ts'
import { foreignReasons } from '../plan/foreign.ts'
import { elsewhereReason, hasReleased } from './elsewhere.ts'
import type { ApplyIntent } from '../plan/intent.ts'
import { type Member, lossReasons, quorumReasons, votersAmong } from './losses.ts'
import { membershipReasons } from '../plan/membership.ts'
import type { Observed } from './observed.ts'
import { parsePin } from './pin.ts'
import { remedyFor } from '../plan/remedy.ts'
import { isNeverStarted, isReplaced, isSettled, rosterOf } from './membership-map.ts'
import type { BlockReason } from '../../../engine/step.ts'
import { isTokenOf } from '../plan/token.ts'
import { strayData } from './whose-data.ts'

export type Situation =
  /** No member has data: a new cluster is created with this token. */
  | { readonly kind: 'new'; readonly token: string }
  /** Members have started with this token, but the cluster was not verified yet. */
  | { readonly kind: 'forming'; readonly token: string }
  /** Verified once, with cluster ID files: its ID never changes again. */
  | {
      readonly kind: 'established'
      readonly token: string
      readonly clusterId: string
      /** Its members are known, and are those of the cluster file. */
      readonly settled: boolean
      /** Why some members stay with another supervisor while one is taken over; empty: none does. */
      readonly apart?: readonly BlockReason[] | undefined
    }
  | { readonly kind: 'blocked'; readonly reasons: readonly BlockReason[] }

export type OpenSituation = Exclude<Situation, { kind: 'blocked' }>

export function judgeSituation(intent: ApplyIntent, observed: Observed): Situation {
  const { cluster, freshToken } = intent
  const members = membersIn(cluster, observed)
  const theirs = members.flatMap((member) => foreignMemberReasons(cluster, member))
  const apart = apartFrom(cluster, members)
  if (theirs.length > (hasReleased(members) ? apart.length : 0)) return { kind: 'blocked', reasons: theirs }
  // First, before the presence or absence of data proves anything.
  const foreign = foreignReasons(cluster, observed)
  if (foreign.length > 0) return { kind: 'blocked', reasons: foreign }
  const situation = members.some((member) => member.wasMember)
    ? established(intent, members, observed)
    : bootstrapping(cluster, members, observed, freshToken)
  if (situation.kind === 'blocked') return situation
  const membership = membershipReasons(
    cluster,
    observed,
    situation,
    members.map(({ environment }) => environment),
  )
  if (membership.length > 0) return { kind: 'blocked', reasons: membership }
  return situation.kind === 'established' && apart.length > 0 ? { ...situation, apart } : situation
}

function apartFrom(cluster: Cluster, members: readonly Member[]): readonly BlockReason[] {
  return members
    .filter(({ pin }) => pin?.cluster === cluster.name)
    .flatMap((one) => elsewhereReason(one) ?? [])
}

/** Everything on these nodes that belongs to something else, and blocks this cluster. */
export function foreignClusterReasons(cluster: Cluster, observed: Observed): readonly BlockReason[] {
  return membersIn(cluster, observed).flatMap((member) => foreignMemberReasons(cluster, member))
}

function membersIn(cluster: Cluster, observed: Observed): readonly Member[] {
  return etcdNodes(cluster).map((node): Member => {
    const state = observed.hosts[node.name]?.member
    if (state === undefined) throw new TypeError(`${node.name} was not observed`)
    const pin = state.contents[PATHS.clusterId]
    const file = state.contents[PATHS.environment]
    const environment = file === undefined ? (state.unit.environment ?? {}) : parseEnvironmentFile(file)
    return {
      node,
      state,
      environment,
      pin: pin === undefined ? undefined : parsePin(pin),
      wasMember: pin !== undefined || environment['ETCD_INITIAL_CLUSTER_STATE'] === 'existing',
      hasData: state.dataPresent || state.walPresent,
      active: state.unit.active === 'active' || state.unit.active === 'activating',
    }
  })
}

/** An etcd, data or a unit of something else. */
function foreignMemberReasons(cluster: Cluster, member: Member): BlockReason[] {
  const { node, state, environment, pin, hasData, active } = member
  const host = node.name
  const token = environment['ETCD_INITIAL_CLUSTER_TOKEN']
  // The cluster ID file proves the rest: an options file that was edited or removed by hand is fixed, not refused.
  const vouched = pin?.cluster === cluster.name
  const ours = isTokenOf(cluster.name, token) || vouched
  const elsewhere = vouched ? elsewhereReason(member) : undefined
  if (elsewhere !== undefined) return [elsewhere]
  if (state.listening.length > 0) {
    const who = /users:\(\("([^"]+)",pid=(\d+)/.exec(state.listening[0] ?? '')
    const process = who ? `${who[1]} (process ${who[2]})` : 'another process'
    const what =
      who?.[1] === 'etcd'
        ? 'another etcd, not set up by quorate, is running'
        : "another process uses etcd's port"
    return [
      {
        id: 'port-in-use',
        host,
        message: `${what}: ${process} listens on port ${cluster.etcd.clientPort} or ${cluster.etcd.peerPort}`,
        hint: 'stop that process; or set other ports in the cluster file: etcd.clientPort, etcd.peerPort',
      },
    ]
  }
  if (pin !== undefined && pin.cluster !== cluster.name) {
    return [
      {
        id: 'node-of-another-cluster',
        host,
        message: `node belongs to cluster '${pin.cluster}' (ID ${pin.clusterId}), not to '${cluster.name}'`,
        hint: `remove the node from this cluster file; or reset it with the other cluster's file: quorate reset ${host}`,
      },
    ]
  }
  if (hasData && !ours) {
    const where = [
      state.dataPresent && cluster.etcd.dataDirectory,
      state.walPresent && cluster.etcd.walDirectory,
    ]
    return [
      {
        id: 'data-of-another-cluster',
        host,
        message: `data of another etcd cluster in ${where.filter(Boolean).join(' and ')}${token === undefined ? '' : ` (token ${token})`}`,
        hint: `if that data is not needed, rename it: quorate reset ${host}`,
      },
    ]
  }
  // In an adopted cluster, quorate's unit of the same name overrides the package's.
  if (active && (!ours || (state.unit.path !== PATHS.unit && !vouched))) {
    return [
      {
        id: 'another-etcd-runs',
        host,
        message: `another etcd, not set up by quorate, runs as ${state.unit.path || 'etcd.service'}`,
        hint: 'to manage that etcd with quorate, adopt it (see quorate adopt --help); if it is not needed, stop and disable it',
      },
    ]
  }
  return []
}

function established(
  { cluster, replace }: ApplyIntent,
  members: readonly Member[],
  observed: Observed,
): Situation {
  const ids = new Set(members.flatMap(({ pin }) => (pin ? [pin.clusterId] : [])))
  const [clusterId] = ids
  if (clusterId === undefined) {
    const hosts = members.filter((member) => member.wasMember)
    return {
      kind: 'blocked',
      reasons: hosts.map(({ node }) => ({
        id: 'cluster-id-file-is-missing',
        host: node.name,
        message: `cluster ID file ${PATHS.clusterId} is missing or damaged: the node was a member, but of which cluster is unknown`,
        hint: `restore the file (two lines: 'cluster=${cluster.name}' and 'cluster-id=…'); or give the cluster up and start over: quorate reset`,
      })),
    }
  }
  if (ids.size > 1) {
    const reasons = members.flatMap(({ node, pin }): readonly BlockReason[] =>
      pin
        ? [
            {
              id: 'several-cluster-ids',
              host: node.name,
              message: `the cluster ID file says ${pin.clusterId}`,
            },
          ]
        : [],
    )
    const hint =
      'find out which cluster has the data, and remove the nodes of the other from the cluster file; if a node came back after a recovery or restore without it: quorate reset NODE'
    return {
      kind: 'blocked',
      reasons: [
        { id: 'several-cluster-ids', message: 'the nodes belong to different clusters', hint },
        ...reasons,
      ],
    }
  }
  const reasons: BlockReason[] = []
  const voters = votersAmong(members, observed)
  const listed = observed.cluster?.members ?? []
  const roster = listed.length > 0 ? rosterOf(cluster, listed, 0) : undefined
  const staying: Member[] = []
  for (const member of members) {
    const known = roster?.members.get(member.node.name)
    // The member list is more recent than cluster ID files: a node that isn't listed has no data to lose any more.
    const isMember =
      roster === undefined ? member.pin !== undefined : known !== undefined && !isNeverStarted(known)
    const goes = known !== undefined && isReplaced({ replace }, member.node.name, known)
    if (isMember && !goes) reasons.push(...lossReasons(cluster, member, clusterId, voters))
    if (isMember && !goes) staying.push(member)
  }
  const remedy = (member: string) => remedyFor({ kind: 'lost', member }, voters).text
  reasons.push(...strayData(cluster, staying, roster, clusterId, remedy))
  if (roster === undefined && reasons.length === 0) reasons.push(...quorumReasons(members))
  if (observed.cluster !== undefined && observed.cluster.id !== clusterId) {
    reasons.push({
      id: 'another-cluster-id',
      message: `running members report cluster ID ${observed.cluster.id}, but the nodes' cluster ID files say ${clusterId}`,
      hint: 'change nothing by hand before you know which of the two clusters has the data: a second cluster was started over the first',
    })
  }
  if (reasons.length > 0) return { kind: 'blocked', reasons }
  // The other nodes outvote one file that was edited by hand.
  const tokens = members
    .map(({ environment }) => environment['ETCD_INITIAL_CLUSTER_TOKEN'])
    .filter((text): text is string => isTokenOf(cluster.name, text))
  const votes = (text: string) => tokens.filter((other) => other === text).length
  const [token] = tokens.toSorted((a, b) => votes(b) - votes(a))
  const settled = roster !== undefined && isSettled(cluster, roster)
  return { kind: 'established', token: token ?? `${cluster.name}-${clusterId}`, clusterId, settled }
}

function bootstrapping(
  cluster: Cluster,
  members: readonly Member[],
  observed: Observed,
  freshToken: string,
): Situation {
  // A process may not have created its data yet.
  const ran = members.filter(({ hasData, active }) => hasData || active)
  const tokens = new Set(
    (ran.length > 0 ? ran : members).map(({ environment }) => environment['ETCD_INITIAL_CLUSTER_TOKEN']),
  )
  const ours = [...tokens].filter((token): token is string => isTokenOf(cluster.name, token))
  const [token] = ours
  const stray = strayData(cluster, ran, undefined, undefined, () => '')
  if (stray.length > 0) return { kind: 'blocked', reasons: stray }
  if (ran.length === 0)
    return { kind: 'new', token: ours.length === 1 && token !== undefined ? token : freshToken }
  if (ours.length !== 1 || token === undefined) {
    return {
      kind: 'blocked',
      reasons: [
        {
          id: 'several-first-starts',
          message: `members can't form one cluster: they were started in different attempts (tokens ${ours.join(', ')})`,
          hint: 'if the cluster was never healthy, it has no data: run quorate reset, then quorate apply',
        },
      ],
    }
  }
  // Including peer URLs: they are part of the cluster ID, as the token is.
  const wanted = members.map(({ node }) => `${etcdNameOf(node)}=${peerUrl(cluster, node)}`).sort()
  const lists = ran.map(({ environment }) => (environment['ETCD_INITIAL_CLUSTER'] ?? '').split(',').sort())
  const other = lists.find((list) => list.join() !== wanted.join())
  if (other !== undefined) {
    return {
      kind: 'blocked',
      reasons: [
        {
          id: 'other-first-members',
          message: `the cluster was started with other members (${other.join(', ')}) than the cluster file lists (${wanted.join(', ')})`,
          hint: 'restore the cluster file and run quorate apply; or give the new cluster up and start over: quorate reset',
        },
      ],
    }
  }
  const forgetful = members.filter(({ node, state }) => !state.walPresent && hasStarted(observed, node))
  if (forgetful.length > 0) {
    return {
      kind: 'blocked',
      reasons: forgetful.map(({ node, state }) => ({
        id: 'data-is-missing',
        host: node.name,
        message: `data is missing or empty: ${state.dataPresent ? '' : `${cluster.etcd.dataDirectory} and `}${cluster.etcd.walDirectory} (the other members know it as started, so etcd refuses a start without data)`,
        hint: 'if the data was moved, move it back; if the new cluster has no data of value yet, run quorate reset, then quorate apply',
      })),
    }
  }
  return { kind: 'forming', token }
}

/** A member publishes its client URLs at its first start. */
function hasStarted(observed: Observed, node: Node): boolean {
  return (observed.cluster?.members ?? []).some(
    (member) => member.name === node.name && member.clientUrls.length > 0,
  )
}
