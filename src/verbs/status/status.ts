/** Reports the state of the cluster, as each member itself reports it. */
import { EXIT_CODES } from '../../errors.ts'
import { noteText } from '../../engine/note.ts'
import type { TierReport } from '../../engine/tier.ts'
import { PEER_IDENTITY, peerUrl } from '../../etcd/configuration.ts'
import { type Health, healthOf, judgeView } from '../../etcd/health.ts'
import { environmentNames } from '../../etcd/versions.ts'
import { type ClusterView, formatId } from '../../etcd/view.ts'
import { isKeptStopped, keptNote } from '../../tiers/etcd/plan/kept.ts'
import { quorum } from '../../tiers/etcd/facts/quorum.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { isUnderWay, unretired } from '../../pki/ca-rotation-state.ts'
import { type Cluster, type Node, etcdNodes } from '../../spec/cluster.ts'
import { memberName } from '../../spec/member-name.ts'
import { type AskedMember, askMembers } from '../../tiers/etcd/facts/ask-members.ts'
import { leftBehind } from '../../tiers/etcd/facts/left-behind.ts'
import { type Looked, type MemberStatus, memberStatus, seen } from './member-status.ts'
import { type BackupStatus, backupsSeen } from './backups.ts'
import type { StatusNote } from './note.ts'
import { tierReports } from './tiers.ts'
import { type StatusProblem, statusProblems } from './problems.ts'
import { type VersionStatus, versionStatus } from './versions.ts'

/** Stable and documented in docs/guides/status.md: fields are added, never renamed or removed. */
export interface StatusReport {
  readonly cluster: {
    readonly name: string
    /** Hexadecimal; null: no member answers. */
    readonly id: string | null
    /** null: the members that could be asked are healthy, but not all could be asked. */
    readonly healthy: boolean | null
    readonly health: Health
    /** Voting members that must agree, and how many of them answered. */
    readonly quorum: number
    readonly healthyMembers: number
    /** Number of members that could not be asked: their health is unknown. */
    readonly unknownMembers: number
    /** Name of the leader; null: none, or members disagree. */
    readonly leader: string | null
    /** Why the cluster is not healthy, or not known to be. */
    readonly problems: readonly string[]
    /** The same, in the same order, for programs. */
    readonly problemDetails: readonly StatusProblem[]
    /** Two CAs are trusted, until `certs rotate-ca --finish` or `--abort`. That alone does not make it unhealthy. */
    readonly caExchange: boolean
    /** Things to do that don't affect the health. */
    readonly notes: readonly string[]
    /** The same, in the same order, for programs. */
    readonly noteDetails: readonly StatusNote[]
  } & VersionStatus
  readonly members: readonly MemberStatus[]
  /** null: no node takes backups by itself. */
  readonly backups: BackupStatus | null
  /** What quorate manages besides etcd. Tiers that report their health affect the exit code. */
  readonly tiers: readonly TierReport[]
}

/**
 * 0: healthy; 1: not healthy. If neither is known: the exit code of the first reason why a member could not be asked.
 * See docs/reference/exit-codes.md.
 */
export function statusExitCode({ cluster, tiers }: StatusReport): number {
  if (cluster.health === 'healthy') return tiersExitCode(tiers)
  const code = cluster.problemDetails.find(({ kind }) => kind === 'unknown')?.code
  return cluster.health === 'unhealthy' || !code ? EXIT_CODES.unhealthy : EXIT_CODES[code]
}

function tiersExitCode(tiers: readonly TierReport[]): number {
  if (tiers.some(({ healthy }) => healthy === false)) return EXIT_CODES.unhealthy
  return tiers.some(({ healthy }) => healthy === null) ? EXIT_CODES.unreachable : 0
}

/** Never throws for a member that does not answer or can't be asked: it reports that. */
export async function status(session: Session): Promise<StatusReport> {
  const { cluster } = session
  const nodes = etcdNodes(cluster)
  const [asked, { backups, notes }, tiers] = await Promise.all([
    askMembers(session),
    backupsSeen(session),
    tierReports(session),
  ])
  const looked = asked.map((one) => seen(one, session.now()))
  const view = { members: looked.map(({ member }) => member) }
  const plain = plainPeers(cluster, view)
  const judgement = judgeView(view, {
    members: nodes.map((node) => ({ name: node.name, peerUrls: [peerUrlNow(cluster, node, plain)] })),
  })
  const health = healthOf(judgement.problems)
  const problems = statusProblems(judgement.problems, asked, session.now(), cluster)
  const members = looked.map((one) => memberStatus(one, judgement.leaderId, view.members))
  const versions = versionStatus(cluster.etcd.version, view)
  const { versionTrouble: trouble } = versions
  const noteDetails: readonly StatusNote[] = [
    ...apartNotes(asked),
    ...keptNotes(asked),
    ...(await leftBehind(cluster)).map(({ host, text }): StatusNote => {
      return { id: 'left-behind', host, message: text }
    }),
    ...plaintextNotes(cluster, plain),
    ...namelessNotes(cluster, looked),
    ...(trouble === null
      ? []
      : [{ id: trouble.id, host: null, message: `${trouble.message}: ${trouble.hint}` }]),
    ...notes,
  ]
  return {
    cluster: {
      name: cluster.name,
      ...versions,
      id: judgement.clusterId === undefined ? null : formatId(judgement.clusterId),
      healthy: health === 'unknown' ? null : judgement.healthy,
      health,
      quorum: quorum(nodes.length),
      healthyMembers: members.filter((member) => member.healthy === true).length,
      unknownMembers: members.filter((member) => member.healthy === null).length,
      leader: members.find((member) => member.leader)?.name ?? null,
      problems: problems.map(({ member, message }) => (member === null ? message : `${member}: ${message}`)),
      problemDetails: problems,
      caExchange: isUnderWay(cluster) || unretired(cluster) !== undefined,
      notes: noteDetails.map(noteText),
      noteDetails,
    },
    members,
    backups,
    tiers,
  }
}

/** Members that an operator stopped on purpose: no fault to investigate. */
function keptNotes(asked: readonly AskedMember[]): readonly StatusNote[] {
  return asked.flatMap(({ node, host }): StatusNote[] =>
    isKeptStopped(host?.member)
      ? [{ id: 'stopped-on-purpose', host: node.name, message: keptNote(node, host?.member) }]
      : [],
  )
}

/** Members that other nodes report, although their own nodes are unreachable from this workstation. */
function apartNotes(asked: readonly AskedMember[]): readonly StatusNote[] {
  return asked.flatMap(({ node, member, apart, via }): StatusNote[] => {
    if (apart === undefined || via === undefined || !member.reachable) return []
    const fix = apart.hint === undefined ? '' : `; ${apart.hint}`
    const message = `unreachable from this workstation: ${apart.message}${fix}. Its member was asked from ${via.name}`
    return [{ id: 'not-reached-from-here', host: node.name, message }]
  })
}

/**
 * Nodes whose members still advertise http to their peers, although the cluster file says https: `apply` changes that.
 */
function plainPeers(cluster: Cluster, { members }: ClusterView): readonly string[] {
  const lists = members.flatMap((member) => (member.reachable ? (member.list?.members ?? []) : []))
  const urls = new Set(lists.flatMap(({ peerUrls }) => peerUrls))
  return etcdNodes(cluster)
    .filter((node) => urls.has(peerUrl(cluster, { ...node, plainPeer: true })))
    .filter((node) => !urls.has(peerUrl(cluster, node)))
    .map(({ name }) => name)
}

function peerUrlNow(cluster: Cluster, node: Node, plain: readonly string[]): string {
  return peerUrl(cluster, plain.includes(node.name) ? { ...node, plainPeer: true } : node)
}

function plaintextNotes({ etcd }: Cluster, plain: readonly string[]): readonly StatusNote[] {
  const peers = `peers use ${plain.join(', ')} without TLS; to enable TLS: quorate apply`
  const clients =
    'clients are served without TLS: once no client uses http, remove etcd.plaintextClients and run quorate apply'
  return [
    ...(plain.length > 0 ? [{ id: 'peers-without-tls', host: null, message: peers } as const] : []),
    ...(etcd.plaintextClients ? [{ id: 'clients-without-tls', host: null, message: clients } as const] : []),
  ]
}

/** A member with a single certificate shows the same one to clients and peers. */
function namelessNotes({ name, etcd, pki }: Cluster, looked: readonly Looked[]): readonly StatusNote[] {
  if (pki.layout !== 'single' || !environmentNames(etcd.version).includes(PEER_IDENTITY)) return []
  const wanted = memberName(name)
  const nameless = looked.flatMap(({ node, names }) =>
    names === undefined || names.includes(wanted) ? [] : [node.name],
  )
  if (nameless.length === 0) return []
  const message = `certificates of ${nameless.join(', ')} lack ${wanted}: until all have it, any certificate of the CA, even a client's, may send Raft messages; see quorate plan`
  return [{ id: 'no-peer-name', host: null, message }]
}
