/** What is left of a cluster that does not answer, from what its nodes, logs and members reported. Pure. */
import { QuorateError } from '../../errors.ts'
import { parseEnvironmentFile } from '../../etcd/environment-file.ts'
import type { ClusterView, MemberView } from '../../etcd/view.ts'
import type { MemberData, MemberLog } from '../../host/member-log.ts'
import { type HostState, PATHS, type Underway } from '../../host/state.ts'
import { parsePin } from '../../tiers/etcd/facts/pin.ts'
import { type Outlook, type SurveyedMember, outlookOf } from './outlook.ts'
import { type Cluster, type Node, etcdNodes } from '../../spec/cluster.ts'
import { nodeNameOf } from '../../spec/etcd-name.ts'

export interface Survey {
  readonly outlook: Outlook
  readonly members: readonly Survivor[]
  /** The cluster ID in the nodes' cluster ID files; undefined: no node has one. */
  readonly clusterId: string | undefined
  /** Markers of an unfinished recovery, by node. */
  readonly underway: Readonly<Record<string, Underway>>
}

export interface Survivor {
  readonly name: string
  /** undefined: not an etcd node of the cluster file, so it was not inspected. */
  readonly node: Node | undefined
  readonly state: SurveyedMember['state']
  /** Why it is unreachable, or why its data can't be used. */
  readonly problem: string | undefined
  /** Active state of the unit; undefined: the node was not inspected. */
  readonly unit: string | undefined
  readonly host: HostState | undefined
  readonly log: MemberLog | undefined
  readonly database: MemberData['database']
  /** ID of the cluster whose complete data it has, this one or another; undefined: no complete data, or no ID in it. */
  readonly dataOf: string | undefined
}

/** What was found without starting or writing anything. */
export interface Finds {
  /** Inspected etcd nodes, by name. */
  readonly hosts: Readonly<Record<string, HostState>>
  /** Why the others could not be reached, by name. */
  readonly away: Readonly<Record<string, string>>
  /** Data of the inspected nodes. */
  readonly data: Readonly<Record<string, MemberData>>
  /** What members report; undefined: some run, but can't be asked without the CA. */
  readonly view: ClusterView | undefined
}

/**
 * @param gone names of nodes that the operator declares permanently down
 * @throws QuorateError `usage` for an unknown name, or a reachable node; `blocked` if members run and there is no CA to ask
 *   them with, or if nodes belong to different clusters.
 */
export function surveyOf(cluster: Cluster, finds: Finds, gone: readonly string[] = []): Survey {
  const nodes = etcdNodes(cluster)
  const hosts = Object.values(finds.hosts)
  const reached = gone.filter((name) => finds.hosts[name] !== undefined)
  // Once a recovery is started, its own record of lost nodes counts.
  if (reached.length > 0 && hosts.every(({ underway }) => underway?.verb !== 'recover')) {
    throw new QuorateError(
      'usage',
      `can't declare ${reached.join(', ')} lost: reachable over SSH, so quorate stops its etcd itself`,
      {
        hint: 'use --lost only for unreachable nodes that are permanently down',
      },
    )
  }
  const clusterId = pinnedId(hosts)
  const view = finds.view ?? unheard(hosts)
  const survivors = nodes.map((node): Survivor => {
    const host = finds.hosts[node.name]
    if (host === undefined) {
      const state = gone.includes(node.name) ? 'gone' : 'unreachable'
      return { ...NOTHING, name: node.name, node, state, problem: finds.away[node.name] }
    }
    return survivorOf({ node, host, view, data: finds.data[node.name], clusterId })
  })
  const members = [...survivors, ...outsiders(hosts, nodes, gone)]
  // The file may no longer name them, and the same command must continue.
  if (hosts.every(({ underway }) => underway === undefined) && !view.members.some(isServing))
    requireKnown(members, gone)
  const surveyed = members.map(({ name, state, log }): SurveyedMember => ({
    name,
    state,
    log: log && { ...log, damaged: log.trouble?.kind === 'damaged' },
  }))
  return {
    outlook: outlookOf(surveyed),
    members,
    clusterId,
    underway: Object.fromEntries(
      hosts.flatMap(({ name, underway }) => (underway === undefined ? [] : [[name, underway]])),
    ),
  }
}

/** Whether data and log of any cluster are in place, and the log is readable to its end. */
export function hasWholeData({ members }: Pick<Survey, 'members'>, name: string): boolean {
  const { host, log } = members.find((member) => member.name === name) ?? {}
  const { dataPresent, walPresent } = host?.member ?? {}
  return dataPresent === true && walPresent === true && log?.trouble?.kind !== 'damaged'
}

/** Whether any reachable node has data of a cluster other than the lost one. */
export function hasNewData({ members }: Pick<Survey, 'members'>, former: string | undefined): boolean {
  return members.some(({ dataOf }) => dataOf !== undefined && dataOf !== former)
}

/** Names of nodes on which etcd runs, whether or not it serves. */
export function runningOn(hosts: readonly HostState[]): readonly string[] {
  return hosts.filter(({ member }) => (member?.unit.mainPid ?? 0) !== 0).map(({ name }) => name)
}

const NOTHING = {
  problem: undefined,
  unit: undefined,
  host: undefined,
  log: undefined,
  database: undefined,
  dataOf: undefined,
} as const

function requireKnown(members: readonly Survivor[], names: readonly string[]): void {
  const wrong = names.find((name) => members.every((member) => member.name !== name))
  if (wrong === undefined) return
  throw new QuorateError('usage', `'${wrong}' is not a member of this cluster`, {
    hint: `use one of the members: ${members.map(({ name }) => name).join(', ')}`,
  })
}

/** @throws QuorateError `blocked` */
function pinnedId(hosts: readonly HostState[]): string | undefined {
  const pins = hosts.flatMap(({ name, member }) => {
    const pin = parsePin(member?.contents[PATHS.clusterId] ?? '')
    return pin === undefined ? [] : [{ name, id: pin.clusterId }]
  })
  const ids = new Set(pins.map(({ id }) => id))
  if (ids.size <= 1) return pins[0]?.id
  // An interrupted recovery has given the surviving member a new one.
  if (hosts.some(({ underway }) => underway?.verb === 'recover')) return undefined
  const list = pins.map(({ name, id }) => `${name} to ${id}`).join(', ')
  throw new QuorateError('blocked', `nodes belong to different clusters: ${list}`, {
    hint: 'if a node that was declared lost came back, rename its data with: quorate reset NODE. See docs/guides/recover.md',
  })
}

/** @throws QuorateError `blocked`: a serving cluster must not be recovered, and it can't be asked */
function unheard(hosts: readonly HostState[]): never {
  throw new QuorateError(
    'blocked',
    `can't ask etcd on ${runningOn(hosts).join(', ')} whether it serves: the CA was not found on this workstation`,
    { hint: "put quorate's state directory back, with this cluster's CA (`state` in the cluster file)" },
  )
}

function isServing(member: MemberView): boolean {
  return member.reachable && member.read.answered
}

interface Look {
  readonly node: Node
  readonly host: HostState
  readonly view: ClusterView
  readonly data: MemberData | undefined
  readonly clusterId: string | undefined
}

function survivorOf({ node, host, view, data, clusterId }: Look): Survivor {
  const unit = host.member?.unit.active
  const dataOf = data?.database === undefined ? undefined : data.log?.clusterId
  const common = { ...NOTHING, name: node.name, node, host, unit, database: data?.database, dataOf }
  const seen = view.members.find(({ name }) => name === node.name)
  const serving = seen !== undefined && isServing(seen)
  const problem = dataProblem(data, clusterId)
  if (problem !== undefined) return { ...common, state: serving ? 'serving' : 'empty', problem }
  return {
    ...common,
    state: serving ? 'serving' : 'data',
    log: data?.log,
    problem: data?.log?.trouble?.message ?? (data?.log?.learner === true ? WITHOUT_VOTE : undefined),
  }
}

const WITHOUT_VOTE = 'it is a learner: writes were acknowledged without it'

/** Why this is not a member's data, or not this cluster's. */
function dataProblem(data: MemberData | undefined, clusterId: string | undefined): string | undefined {
  if (data === undefined) return 'not inspected'
  const { log, unreadable, database } = data
  if (unreadable !== undefined) return `its Raft log can't be read: ${unreadable}`
  if (log === undefined)
    return database === undefined ? 'its data is missing' : 'its Raft log (WAL) is missing'
  if (database === undefined) return 'its database is missing'
  if (clusterId === undefined || log.clusterId === undefined || log.clusterId === clusterId) return undefined
  return `its data is of another cluster (ID ${log.clusterId}, not ${clusterId})`
}

/** Members that nodes know and the cluster file doesn't: they may be running, unseen. */
function outsiders(
  hosts: readonly HostState[],
  nodes: readonly Node[],
  gone: readonly string[],
): readonly Survivor[] {
  const peers = hosts.flatMap(({ member }) => {
    if (member?.contents[PATHS.clusterId] === undefined) return []
    const options = parseEnvironmentFile(member.contents[PATHS.environment] ?? '')
    const list = (options['ETCD_INITIAL_CLUSTER'] ?? '').split(',')
    return list.map((peer) => nodeNameOf({ nodes }, peer.slice(0, peer.indexOf('='))))
  })
  const names = [...new Set(peers)].filter((name) => name !== '' && nodes.every((node) => node.name !== name))
  const problem = 'the other members know this node as a member, but the cluster file does not list it'
  return names.map((name) => {
    const state = gone.includes(name) ? 'gone' : 'unreachable'
    return { ...NOTHING, name, node: undefined, state, problem }
  })
}
