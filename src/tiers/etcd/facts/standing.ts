/**
 * The state of every member: what it reports, what its node shows, and how it counts. Derived from the facts, without
 * another observation.
 */
import { peerUrl } from '../../../etcd/configuration.ts'
import { type Space, quotaInForce } from '../../../etcd/space.ts'
import { UNIT_MARK } from '../../../etcd/unit-file.ts'
import { type HostState, PATHS, type UnitState } from '../../../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { dataElsewhere } from '../plan/foreign.ts'
import type { ClusterFacts, MemberFacts, Observed, RaisedAlarm } from './observed.ts'
import { parsePin } from './pin.ts'

export interface Standing {
  /** Voting members, running or not, in the cluster file or not. If unknown: the file's. */
  readonly voters: number
  /** Voting members that answered a linearizable read. */
  readonly healthyVoters: number
  /** `ClusterFacts.leading` */
  readonly leader: string | undefined
  /** In the order of the cluster file. */
  readonly members: readonly MemberStanding[]
  readonly alarms: readonly RaisedAlarm[]
  /** The newest revision that a linearizable read gave; 0: none did. */
  readonly revision: number
}

export interface MemberStanding {
  readonly name: string
  /** undefined: the node was not observed, or is unreachable. */
  readonly unit: UnitState | undefined
  /** quorate wrote its unit file; undefined: the node was not observed. */
  readonly ownUnit?: boolean | undefined
  /** `quorate stop` has left its marker: quorate doesn't start it without a request. */
  readonly markedStopped: boolean
  /** Its WAL exists; undefined: the node was not observed. */
  readonly hasLog: boolean | undefined
  /** Its data and WAL exist; undefined: the node was not observed. */
  readonly whole?: boolean | undefined
  /** Its WAL is another member's, or another node has it as well; undefined: unknown. */
  readonly strayLog?: boolean | undefined
  /** The cluster in the node's cluster ID file. */
  readonly pinnedTo: string | undefined
  /** Whether the member list has it; undefined: unknown. */
  readonly listed: boolean | undefined
  readonly voter: boolean
  /** It answered a linearizable read. */
  readonly healthy: boolean
  /** Why it did not; undefined: it did. */
  readonly trouble: string | undefined
  /** It could not be asked: its node is unreachable from the workstation. It may be healthy. */
  readonly unknown?: boolean | undefined
  readonly leader: boolean
  /** undefined in this and the next: it gave no status. */
  readonly version: string | undefined
  readonly space: Space | undefined
  readonly alarms: readonly string[]
}

/** The input: nodes that were not observed are missing among the hosts. */
export type Seen = Pick<Observed, 'hosts' | 'cluster' | 'silent'>

export function standingOf(cluster: Cluster, { hosts, cluster: facts, silent }: Seen): Standing {
  const list = facts === undefined || facts.members.length === 0 ? undefined : facts.members
  const members = etcdNodes(cluster).map((node): MemberStanding => {
    const { name } = node
    const state = hosts[name]?.member
    const silence = silent?.[name]
    const id = facts?.ids[name]
    const listed = list?.find((member) => isNode(cluster, node, member, id))
    const space = facts?.space[name]
    return {
      name,
      unit: state?.unit,
      ownUnit: state?.contents[PATHS.unit]?.includes(`Environment=${UNIT_MARK}=`),
      markedStopped: state?.stoppedByOperator !== undefined,
      hasLog: state?.walPresent,
      whole:
        state && ((state.dataPresent && state.walPresent) || dataElsewhere(cluster, state) !== undefined),
      strayLog: isStray(node, hosts, listed?.id),
      pinnedTo: parsePin(state?.contents[PATHS.clusterId] ?? '')?.cluster,
      listed: list === undefined ? undefined : listed !== undefined,
      voter: list === undefined ? true : listed !== undefined && !listed.learner,
      healthy: facts?.healthy.includes(name) === true,
      trouble: silence?.message ?? (id === undefined ? 'not asked' : undefined),
      unknown: silence?.unasked !== undefined,
      leader: facts?.leading === name,
      version: facts?.versions[name],
      space: space && {
        ...space,
        quotaBytes: quotaInForce(state?.unit.environment, space.quotaBytes),
      },
      alarms: alarmsOf(facts, name),
    }
  })
  return {
    voters: list?.filter(({ learner }) => !learner).length ?? members.length,
    healthyVoters: facts?.healthy.length ?? 0,
    leader: facts?.leading,
    members,
    alarms: facts?.alarms ?? [],
    revision: facts?.revision ?? 0,
  }
}

/** Types of a member's alarms. */
export function alarmsOf(facts: Pick<ClusterFacts, 'alarms'> | undefined, name: string): readonly string[] {
  return (facts?.alarms ?? []).filter(({ member }) => member === name).map(({ type }) => type)
}

/** By the ID that its process reports, if it answers: its name may be listed for its replacement. */
function isNode(
  cluster: Cluster,
  node: Node,
  { id, name, peerUrls }: MemberFacts,
  ownId: string | undefined,
): boolean {
  if (ownId !== undefined) return ownId === id
  return name === node.name || (name === '' && peerUrls.includes(peerUrl(cluster, node)))
}

/** For a member that is down. Two processes with one member's data would vote twice. */
function isStray(
  { name }: Node,
  hosts: Readonly<Record<string, HostState>>,
  ownId: string | undefined,
): boolean | undefined {
  const found = hosts[name]?.member?.logIdentity
  if (found === undefined) return undefined
  if (ownId !== undefined) return found.memberId !== ownId
  return Object.values(hosts).some(
    (other) => other.name !== name && other.member?.logIdentity?.memberId === found.memberId,
  )
}
