/** How every member is, from what all of them and their machines said at one moment: what day-two verbs decide on. */
import { peerUrl } from '../../../etcd/configuration.ts'
import { type Space, quotaInForce } from '../../../etcd/space.ts'
import { NOBODY } from '../../../etcd/id.ts'
import type { ClusterView, MemberList, ReachableMember } from '../../../etcd/view.ts'
import { isHealthyVoter } from '../../../etcd/voters.ts'
import { type HostState, PATHS, type UnitState } from '../../../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { UNIT_MARK } from '../../../etcd/unit-file.ts'
import { dataElsewhere } from '../plan/foreign.ts'
import { parsePin } from './pin.ts'

export interface ClusterCondition {
  /** Members that vote, running or not, in the cluster file or not. Where nobody can say: the file's. */
  readonly voters: number
  /** Voters that answered a linearizable read. */
  readonly healthyVoters: number
  /** Name of the member that leads; undefined: none that answers. */
  readonly leader: string | undefined
  /** In the order of the cluster file. */
  readonly members: readonly MemberCondition[]
  /** Alarms that are raised; `member` is a node's name, an ID where it is none of the file's, or `NOBODY`. */
  readonly alarms: readonly RaisedAlarm[]
  /** The newest revision that a linearizable read gave; 0: none did. */
  readonly revision: number
}

export interface RaisedAlarm {
  readonly member: string
  readonly memberId: bigint
  readonly type: string
}

export interface MemberCondition {
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

/** Of one that is down. Two processes with one member's data would vote twice. */
function isStray(
  { name }: Node,
  hosts: Readonly<Record<string, HostState>>,
  ownId: bigint | undefined,
): boolean | undefined {
  const found = hosts[name]?.member?.logIdentity
  if (found === undefined) return undefined
  if (ownId !== undefined) return found.memberId !== ownId.toString(16)
  return Object.values(hosts).some(
    (other) => other.name !== name && other.member?.logIdentity?.memberId === found.memberId,
  )
}

/** @param hosts machines that were looked at; those that were not are missing. */
export function conditionOf(
  cluster: Cluster,
  view: ClusterView,
  hosts: Readonly<Record<string, HostState>>,
): ClusterCondition {
  const reachable = view.members.filter((member) => member.reachable)
  const list = bestList(reachable)
  const leaderId = newestLeader(reachable)
  const alarms = raisedAlarms(cluster, reachable, list)
  const members = etcdNodes(cluster).map((node): MemberCondition => {
    const seen = view.members.find(({ name }) => name === node.name)
    const state = hosts[node.name]?.member
    const status = seen?.reachable === true ? seen : undefined
    const listed = list?.members.find((member) => isNode(cluster, node, member, status))
    return {
      name: node.name,
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
      healthy: status !== undefined && isHealthyVoter(status),
      trouble: troubleOf(seen),
      unknown: seen?.reachable === false && seen.unasked !== undefined,
      leader: status !== undefined && status.memberId === leaderId,
      version: status?.version,
      space: status && {
        sizeBytes: status.dbSizeBytes,
        inUseBytes: status.dbSizeInUseBytes,
        quotaBytes: quotaInForce(state?.unit.environment, status.dbSizeQuotaBytes),
      },
      alarms: alarms.filter(({ member }) => member === node.name).map(({ type }) => type),
    }
  })
  return {
    voters: list?.members.filter(({ learner }) => !learner).length ?? members.length,
    healthyVoters: members.filter(({ voter, healthy }) => voter && healthy).length,
    leader: members.find(({ leader }) => leader)?.name,
    members,
    alarms,
    revision: reachable.reduce(
      (most, { read }) => (read.answered ? Math.max(most, Number(read.revision)) : most),
      0,
    ),
  }
}

function bestList(reachable: readonly ReachableMember[]): MemberList | undefined {
  const lists = reachable.flatMap(({ list }) => list ?? [])
  return lists.find(({ linearizable }) => linearizable) ?? lists[0]
}

/** The ID of the member that says of itself that it leads, in the newest term in which one does. */
function newestLeader(reachable: readonly ReachableMember[]): bigint | undefined {
  return reachable
    .filter(({ leaderId, memberId }) => leaderId === memberId)
    .toSorted((a, b) => Number(b.raftTerm - a.raftTerm))[0]?.memberId
}

function isNode(
  cluster: Cluster,
  node: Node,
  { id, name, peerUrls }: MemberList['members'][number],
  status: ReachableMember | undefined,
): boolean {
  if (status !== undefined) return status.memberId === id
  return name === node.name || (name === '' && peerUrls.includes(peerUrl(cluster, node)))
}

function troubleOf(seen: ClusterView['members'][number] | undefined): string | undefined {
  if (seen === undefined) return 'it was not asked'
  if (!seen.reachable) return seen.reason.message
  return seen.read.answered ? undefined : seen.read.reason.message
}

function raisedAlarms(
  cluster: Cluster,
  reachable: readonly ReachableMember[],
  list: MemberList | undefined,
): RaisedAlarm[] {
  const found = new Map<string, RaisedAlarm>()
  for (const { memberId, type } of reachable.flatMap((member) => member.alarms ?? [])) {
    const listed = list?.members.find(({ id }) => id === memberId)
    const status = reachable.find((member) => member.memberId === memberId)
    const node = etcdNodes(cluster).find(({ name }) => name === (status?.name ?? listed?.name))
    found.set(`${memberId} ${type}`, {
      member: node?.name ?? (memberId === 0n ? NOBODY : memberId.toString(16)),
      memberId,
      type,
    })
  }
  return [...found.values()]
}
