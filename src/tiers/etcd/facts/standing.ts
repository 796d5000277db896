/**
 * How every member stands: what it says of itself beside what its machine shows, and what it counts. Read off the facts;
 * nothing is looked at for it.
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
  /** Members that vote, running or not, in the cluster file or not. Where nobody can say: the file's. */
  readonly voters: number
  /** Voters that answered a linearizable read. */
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
  /** undefined: the machine was not looked at, or can't be reached. */
  readonly unit: UnitState | undefined
  /** Its unit file is one that quorate wrote; undefined: the machine was not looked at. */
  readonly ownUnit?: boolean | undefined
  /** `quorate stop` has left its mark: nothing of quorate's starts it without being asked. */
  readonly markedStopped: boolean
  /** Its write-ahead log is there; undefined: the machine was not looked at. */
  readonly hasLog: boolean | undefined
  /** Its data and its log are there; undefined: the machine was not looked at. */
  readonly whole?: boolean | undefined
  /** Its log is another member's, or another node has it as well; undefined: that can't be told. */
  readonly strayLog?: boolean | undefined
  /** The cluster that the machine is pinned to. */
  readonly pinnedTo: string | undefined
  /** Whether the members' list has it; undefined: nobody could say. */
  readonly listed: boolean | undefined
  readonly voter: boolean
  /** It answered a linearizable read. */
  readonly healthy: boolean
  /** Why it is not; undefined: it is. */
  readonly trouble: string | undefined
  /** It could not be asked, its machine being out of reach of this host: it may well be healthy. */
  readonly unknown?: boolean | undefined
  readonly leader: boolean
  /** undefined in this and the next: it gave no status. */
  readonly version: string | undefined
  readonly space: Space | undefined
  readonly alarms: readonly string[]
}

/** What it takes: machines that were not looked at are missing among the hosts. */
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
      trouble: silence?.message ?? (id === undefined ? 'it was not asked' : undefined),
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

/** Types of the alarms that are raised for a member. */
export function alarmsOf(facts: Pick<ClusterFacts, 'alarms'> | undefined, name: string): readonly string[] {
  return (facts?.alarms ?? []).filter(({ member }) => member === name).map(({ type }) => type)
}

/** By the ID that its process says, where it answers: its name may be listed for the one that takes its place. */
function isNode(
  cluster: Cluster,
  node: Node,
  { id, name, peerUrls }: MemberFacts,
  ownId: string | undefined,
): boolean {
  if (ownId !== undefined) return ownId === id
  return name === node.name || (name === '' && peerUrls.includes(peerUrl(cluster, node)))
}

/** Of one that is down. Two processes with one member's data would vote twice. */
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
