/**
 * Where a cluster is in its life, judged from its hosts: not begun, being formed, or established; or in a state in
 * which nothing may be done without being asked. The one place that decides whether a bootstrap is allowed.
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
  /** No member has data: a new cluster is made with this token. */
  | { readonly kind: 'new'; readonly token: string }
  /** Members have begun with this token, but the whole was not verified yet. */
  | { readonly kind: 'forming'; readonly token: string }
  /** Verified once, and pinned: its ID never changes again. */
  | {
      readonly kind: 'established'
      readonly token: string
      readonly clusterId: string
      /** Its members are known, and are those that the file names. */
      readonly settled: boolean
      /** Why members are left to whoever runs them, while another one is taken over from him; empty: none is. */
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
  // Before anything is concluded from where data is, or is not.
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

/** Everything on these machines that is not this cluster's, and in its way. */
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

/** An etcd, data or a unit that is not this cluster's. */
function foreignMemberReasons(cluster: Cluster, member: Member): BlockReason[] {
  const { node, state, environment, pin, hasData, active } = member
  const host = node.name
  const token = environment['ETCD_INITIAL_CLUSTER_TOKEN']
  // The pin vouches for the rest: an options file that was edited or removed by hand is put right, not shunned.
  const vouched = pin?.cluster === cluster.name
  const ours = isTokenOf(cluster.name, token) || vouched
  const elsewhere = vouched ? elsewhereReason(member) : undefined
  if (elsewhere !== undefined) return [elsewhere]
  if (state.listening.length > 0) {
    const who = /users:\(\("([^"]+)",pid=(\d+)/.exec(state.listening[0] ?? '')
    const process = who ? `${who[1]} (process ${who[2]})` : 'another process'
    const what =
      who?.[1] === 'etcd' ? 'an etcd that quorate did not set up runs there' : 'a port of etcd is taken there'
    return [
      {
        host,
        message: `${what}: ${process} listens on port ${cluster.etcd.clientPort} or ${cluster.etcd.peerPort}`,
        hint: 'stop it, or give etcd other ports in the cluster file: etcd.clientPort, etcd.peerPort',
      },
    ]
  }
  if (pin !== undefined && pin.cluster !== cluster.name) {
    return [
      {
        host,
        message: `it belongs to the cluster '${pin.cluster}' (ID ${pin.clusterId}), not to '${cluster.name}'`,
        hint: `take the node out of this cluster file, or clear it with the other cluster's file: quorate reset ${host}`,
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
        host,
        message: `${where.filter(Boolean).join(' and ')} there holds data of another etcd cluster${token === undefined ? '' : ` (token ${token})`}`,
        hint: `if nobody needs it, move it aside: quorate reset ${host}`,
      },
    ]
  }
  // One that came with a package is overruled by ours, of the same name; if the cluster was adopted.
  if (active && (!ours || (state.unit.path !== PATHS.unit && !vouched))) {
    return [
      {
        host,
        message: `an etcd that quorate did not set up runs there as ${state.unit.path || 'etcd.service'}`,
        hint: 'take it over, if it is the cluster that is meant: quorate adopt --help. Otherwise stop and disable it first, if nobody needs it',
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
        host: node.name,
        message: `it belonged to a cluster once, but ${PATHS.clusterId} there is lost or damaged, so nothing says to which`,
        hint: `put the file back ('cluster=${cluster.name}' and 'cluster-id=…' on lines of their own), or begin anew: quorate reset`,
      })),
    }
  }
  if (ids.size > 1) {
    const reasons = members.flatMap(({ node, pin }) =>
      pin ? [{ host: node.name, message: `it is pinned to the cluster ID ${pin.clusterId}` }] : [],
    )
    const hint =
      'find out which of them holds the data, and take the nodes of the other out of the cluster file. One that came back after a recovery or restore without it is cleared by: quorate reset NODE'
    return {
      kind: 'blocked',
      reasons: [{ message: 'the nodes belong to different clusters', hint }, ...reasons],
    }
  }
  const reasons: BlockReason[] = []
  const voters = votersAmong(members, observed)
  const listed = observed.cluster?.members ?? []
  const roster = listed.length > 0 ? rosterOf(cluster, listed, 0) : undefined
  const staying: Member[] = []
  for (const member of members) {
    const known = roster?.members.get(member.node.name)
    // Whoever is asked knows better than marks: one that is not in the list has nothing to lose there any more.
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
      message: `the members that run say cluster ID ${observed.cluster.id}, but the nodes are pinned to ${clusterId}`,
      hint: 'a second cluster was started over the first: stop here and find out which of the two holds the data',
    })
  }
  if (reasons.length > 0) return { kind: 'blocked', reasons }
  // One file edited by hand is outvoted by the others.
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
  // A process may not have got round to its data yet.
  const begun = members.filter(({ hasData, active }) => hasData || active)
  const tokens = new Set(
    (begun.length > 0 ? begun : members).map(({ environment }) => environment['ETCD_INITIAL_CLUSTER_TOKEN']),
  )
  const ours = [...tokens].filter((token): token is string => isTokenOf(cluster.name, token))
  const [token] = ours
  const stray = strayData(cluster, begun, undefined, undefined, () => '')
  if (stray.length > 0) return { kind: 'blocked', reasons: stray }
  if (begun.length === 0)
    return { kind: 'new', token: ours.length === 1 && token !== undefined ? token : freshToken }
  if (ours.length !== 1 || token === undefined) {
    return {
      kind: 'blocked',
      reasons: [
        {
          message: `members were begun in different attempts (tokens ${ours.join(', ')}) and can't become one cluster`,
          hint: 'nothing is in the cluster yet if it never was healthy: quorate reset, then apply again',
        },
      ],
    }
  }
  // Peer URLs and all: they go into the cluster's ID, as the token does.
  const wanted = members.map(({ node }) => `${etcdNameOf(node)}=${peerUrl(cluster, node)}`).sort()
  const lists = begun.map(({ environment }) => (environment['ETCD_INITIAL_CLUSTER'] ?? '').split(',').sort())
  const other = lists.find((list) => list.join() !== wanted.join())
  if (other !== undefined) {
    return {
      kind: 'blocked',
      reasons: [
        {
          message: `the cluster was begun with other members (${other.join(', ')}) than the cluster file now names (${wanted.join(', ')})`,
          hint: 'put the file back as it was and apply, or begin anew: quorate reset',
        },
      ],
    }
  }
  const forgetful = members.filter(({ node, state }) => !state.walPresent && hasStarted(observed, node))
  if (forgetful.length > 0) {
    return {
      kind: 'blocked',
      reasons: forgetful.map(({ node, state }) => ({
        host: node.name,
        message: `${state.dataPresent ? '' : `${cluster.etcd.dataDirectory} and `}${cluster.etcd.walDirectory} there is lost (missing or empty), but the other members know it as one that had started: etcd would not let it begin again`,
        hint: 'if the data was moved, move it back; if nothing of worth is in the new cluster yet, begin anew: quorate reset, then apply',
      })),
    }
  }
  return { kind: 'forming', token }
}

/** A member makes its client URLs known when it starts for the first time. */
function hasStarted(observed: Observed, node: Node): boolean {
  return (observed.cluster?.members ?? []).some(
    (member) => member.name === node.name && member.clientUrls.length > 0,
  )
}
