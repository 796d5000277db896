/** What is left of a cluster that does not answer: every machine looked at, every log read, nothing started or written. */
import { QuorateError, combineErrors } from '../../errors.ts'
import { parseEnvironmentFile } from '../../etcd/environment-file.ts'
import type { ClusterView, MemberView } from '../../etcd/view.ts'
import { type MemberData, type MemberLog, readMemberLog } from '../../host/member-log.ts'
import { type HostState, PATHS, type Underway } from '../../host/state.ts'
import { parsePin } from '../../tiers/etcd/facts/pin.ts'
import { type Outlook, type SurveyedMember, outlookOf } from './outlook.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type Node, etcdNodes } from '../../spec/cluster.ts'
import { nodeNameOf } from '../../spec/etcd-name.ts'
import { onAll } from '../../ssh/fleet.ts'
import { lookAt } from '../../tiers/etcd/facts/machines.ts'
import { viewMembers } from '../../tiers/etcd/facts/members.ts'

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
}

/**
 * @param gone names of nodes that will not come back, as somebody says who can see them
 * @throws QuorateError `usage` for a name that is none, or a machine that can be reached; `blocked` where members run and
 *   there is no CA to ask them with, or where machines belong to different clusters.
 */
export async function surveyMembers(session: Session, gone: readonly string[] = []): Promise<Survey> {
  const nodes = etcdNodes(session.cluster)
  const { results, errors } = await lookAt(session, nodes)
  const strange = errors.filter(({ code }) => code !== 'unreachable')
  if (strange.length > 0) throw combineErrors(strange)
  const hosts = new Map(results.map(({ host, value }) => [host, value]))
  const reached = gone.filter((name) => hosts.has(name))
  if (reached.length > 0) {
    throw new QuorateError('usage', `${reached.join(', ')} can be reached: quorate stops it itself`, {
      hint: '--lost is for machines that quorate can not reach, and that you know to be off for good',
    })
  }
  const clusterId = pinnedId([...hosts.values()])
  const [view, logs] = await Promise.all([
    askRunning(session, [...hosts.values()]),
    onAll(
      nodes.filter(({ name }) => hosts.has(name)),
      async (node) => await readMemberLog(await session.remote(node), session.cluster.etcd, session.signal),
    ),
  ])
  if (logs.errors.length > 0) throw combineErrors(logs.errors)
  const data = new Map(logs.results.map(({ host, value }) => [host, value]))
  const survivors = nodes.map((node): Survivor => {
    const host = hosts.get(node.name)
    if (host === undefined) {
      const problem = errors.find((error) => error.host === node.name)?.message
      const state = gone.includes(node.name) ? 'gone' : 'unreachable'
      return { ...NOTHING, name: node.name, node, state, problem }
    }
    return survivorOf({ node, host, view, data: data.get(node.name), clusterId })
  })
  const members = [...survivors, ...outsiders([...hosts.values()], nodes, gone)]
  // Once it was written, the file does not name them any more, and the same command is to go on.
  if ([...hosts.values()].every(({ underway }) => underway === undefined) && !view.members.some(isServing))
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
      [...hosts].flatMap(([name, { underway }]) => (underway === undefined ? [] : [[name, underway]])),
    ),
  }
}

const NOTHING = {
  problem: undefined,
  unit: undefined,
  host: undefined,
  log: undefined,
  database: undefined,
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
    hint: 'a machine that was declared lost came back? quorate reset NODE moves its data aside. See docs/recover.md',
  })
}

/** Members that run are asked whether they still serve: of one that does, nothing is to be recovered. */
async function askRunning(session: Session, hosts: readonly HostState[]): Promise<ClusterView> {
  const running = hosts.filter(({ member }) => (member?.unit.mainPid ?? 0) !== 0).map(({ name }) => name)
  if (running.length === 0) return { members: [] }
  if ((await session.bundle()) !== undefined) return await viewMembers(session)
  throw new QuorateError(
    'blocked',
    `etcd runs on ${running.join(', ')}, and without the CA nobody can ask whether it serves`,
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
  const common = { ...NOTHING, name: node.name, node, host, unit, database: data?.database }
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
