/** What is left of a cluster that does not answer, made of what its machines, logs and members said: pure. */
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
  /** The cluster that the machines are pinned to; undefined: none is. */
  readonly clusterId: string | undefined
  /** What an earlier recovery left unfinished, by the machine where it is marked. */
  readonly underway: Readonly<Record<string, Underway>>
}

export interface Survivor {
  readonly name: string
  /** undefined: it is no etcd node of the cluster file, and so was not looked at. */
  readonly node: Node | undefined
  readonly state: SurveyedMember['state']
  /** Why it is out of reach, or its data is of no use. */
  readonly problem: string | undefined
  /** systemd's word; undefined: its machine was not looked at. */
  readonly unit: string | undefined
  readonly host: HostState | undefined
  readonly log: MemberLog | undefined
  readonly database: MemberData['database']
  /** ID of the cluster whose data lies there whole, be it this one or not; undefined: none does, or it does not say. */
  readonly dataOf: string | undefined
}

/** What was found without starting or writing anything. */
export interface Finds {
  /** Etcd nodes whose machine was looked at, by name. */
  readonly hosts: Readonly<Record<string, HostState>>
  /** Why the others could not be reached, by name. */
  readonly away: Readonly<Record<string, string>>
  /** Of those that were looked at. */
  readonly data: Readonly<Record<string, MemberData>>
  /** What members say; undefined: some run, and without the CA nobody can ask them. */
  readonly view: ClusterView | undefined
}

/**
 * @param gone names of nodes that will not come back, as somebody says who can see them
 * @throws QuorateError `usage` for a name that is none, or a machine that can be reached; `blocked` where members run and
 *   there is no CA to ask them with, or where machines belong to different clusters.
 */
export function surveyOf(cluster: Cluster, finds: Finds, gone: readonly string[] = []): Survey {
  const nodes = etcdNodes(cluster)
  const hosts = Object.values(finds.hosts)
  const reached = gone.filter((name) => finds.hosts[name] !== undefined)
  // Once a recovery was begun, what it says of them itself comes into it.
  if (reached.length > 0 && hosts.every(({ underway }) => underway?.verb !== 'recover')) {
    throw new QuorateError('usage', `${reached.join(', ')} can be reached: quorate stops it itself`, {
      hint: '--lost is for machines that quorate can not reach, and that you know to be off for good',
    })
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
  // Once it was written, the file does not name them any more, and the same command is to go on.
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

/** Whether data and log lie in their places there, of whatever cluster, and the log can be read to its end. */
export function hasWholeData({ members }: Pick<Survey, 'members'>, name: string): boolean {
  const { host, log } = members.find((member) => member.name === name) ?? {}
  const { dataPresent, walPresent } = host?.member ?? {}
  return dataPresent === true && walPresent === true && log?.trouble?.kind !== 'damaged'
}

/** Whether any machine that can be reached has data of another cluster than the one that was lost. */
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
  throw new QuorateError('usage', `'${wrong}' is no member of this cluster`, {
    hint: `members: ${members.map(({ name }) => name).join(', ')}`,
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
  // A recovery that was cut off has given its survivor a new one.
  if (hosts.some(({ underway }) => underway?.verb === 'recover')) return undefined
  const list = pins.map(({ name, id }) => `${name} to ${id}`).join(', ')
  throw new QuorateError('blocked', `the machines belong to different clusters: ${list}`, {
    hint: 'a machine that was declared lost came back? quorate reset NODE moves its data aside. See docs/guides/recover.md',
  })
}

/** @throws QuorateError `blocked`: of one that serves, nothing is to be recovered, and nobody can ask */
function unheard(hosts: readonly HostState[]): never {
  throw new QuorateError(
    'blocked',
    `etcd runs on ${runningOn(hosts).join(', ')}, and without the CA nobody can ask whether it serves`,
    { hint: "put back the folder in which quorate keeps this cluster's CA (state in the cluster file)" },
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
    problem: data?.log?.trouble?.message,
  }
}

/** Why what lies there is no member's data, or not of this cluster's. */
function dataProblem(data: MemberData | undefined, clusterId: string | undefined): string | undefined {
  if (data === undefined) return 'it was not looked at'
  const { log, unreadable, database } = data
  if (unreadable !== undefined) return `its log can not be read: ${unreadable}`
  if (log === undefined) return database === undefined ? 'its data is lost' : 'its write-ahead log is lost'
  if (database === undefined) return 'its database is lost'
  if (clusterId === undefined || log.clusterId === undefined || log.clusterId === clusterId) return undefined
  return `its data is of another cluster (ID ${log.clusterId}, not ${clusterId})`
}

/** Members that machines know of and the cluster file does not: they may be up, and out of sight. */
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
  const problem = 'its peers know it as a member, and the cluster file does not name it'
  return names.map((name) => {
    const state = gone.includes(name) ? 'gone' : 'unreachable'
    return { ...NOTHING, name, node: undefined, state, problem }
  })
}
