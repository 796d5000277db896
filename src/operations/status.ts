/** How the cluster is, asked of every member itself: the seed's `cluster-health`, made modern. */
import { QuorateError } from '../errors.ts'
import { PEER_IDENTITY, peerUrl } from '../etcd/configuration.ts'
import type { FailureKind } from '../etcd/failure.ts'
import { judgeView } from '../etcd/health.ts'
import { servedCertificate } from '../etcd/served-certificate.ts'
import { environmentNames } from '../etcd/versions.ts'
import { type ClusterView, type MemberView, formatId, readClusterView } from '../etcd/view.ts'
import { describeCertificate } from '../pki/certificate.ts'
import { quorum } from '../plan/quorum.ts'
import { seek } from '../run/seek.ts'
import type { Session } from '../run/session.ts'
import { isUnderWay, unretired } from './ca-exchange-state.ts'
import { type Cluster, type Node, etcdNodes } from '../spec/cluster.ts'
import { memberName } from '../spec/member-name.ts'
import { leftBehind } from './left-behind.ts'
import { type BackupStatus, backupsSeen } from './status-backups.ts'

/** Stable and documented in docs/status.md: fields are added, never renamed or removed. */
export interface StatusReport {
  readonly cluster: {
    readonly name: string
    /** Hexadecimal; null: no member answers. */
    readonly id: string | null
    readonly healthy: boolean
    /** Voters that must agree, and how many of them answered. */
    readonly quorum: number
    readonly healthyMembers: number
    /** Name of the leader; null: none, or no agreement on one. */
    readonly leader: string | null
    /** What keeps it from being healthy. */
    readonly problems: readonly string[]
    /** Two CAs are trusted, until `certs rotate-ca --finish` or `--abort`: nothing that keeps it from being healthy. */
    readonly caExchange: boolean
    /** What does not, and yet wants doing. */
    readonly notes: readonly string[]
  }
  readonly members: readonly MemberStatus[]
  /** null: the cluster file has no schedule, or no node follows one. */
  readonly backups: BackupStatus | null
}

export interface MemberStatus {
  readonly name: string
  readonly address: string
  /** null in this and the following: the member did not say. */
  readonly id: string | null
  /** It answered a linearizable read. */
  readonly healthy: boolean
  readonly leader: boolean
  readonly learner: boolean
  readonly version: string | null
  readonly dbSizeBytes: number | null
  readonly raftTerm: number | null
  readonly raftIndex: number | null
  readonly alarms: readonly string[]
  /** Whole days until the certificate it serves expires; negative: it has. */
  readonly certificateDaysLeft: number | null
  /** Why it is not healthy. */
  readonly problem: string | null
}

const DAY_MS = 86_400_000
const HANDSHAKE_MS = 5_000

/** How a client fails that does not accept what the member shows. */
const CERTIFICATE_REFUSED: ReadonlySet<FailureKind> = new Set([
  'expired',
  'not-yet-valid',
  'unknown-authority',
  'wrong-identity',
  'bad-certificate',
])

/** Never throws for a member that does not answer: that is what it reports. */
export async function status(session: Session): Promise<StatusReport> {
  const { cluster } = session
  const nodes = etcdNodes(cluster)
  const [looked, { backups, notes }] = await Promise.all([
    Promise.all(nodes.map(async (node) => await lookAt(session, node))),
    backupsSeen(session),
  ])
  const view = { members: looked.map(({ member }) => member) }
  const plain = plainPeers(cluster, view)
  const judgement = judgeView(view, {
    members: nodes.map((node) => ({ name: node.name, peerUrls: [peerUrlNow(cluster, node, plain)] })),
  })
  const members = looked.map(({ node, member, daysLeft }) =>
    memberStatus(node, member, daysLeft, judgement.leaderId, view.members),
  )
  return {
    cluster: {
      name: cluster.name,
      id: judgement.clusterId === undefined ? null : formatId(judgement.clusterId),
      healthy: judgement.healthy,
      quorum: quorum(nodes.length),
      healthyMembers: members.filter((member) => member.healthy).length,
      leader: members.find((member) => member.leader)?.name ?? null,
      problems: judgement.problems.map(({ member, message }) =>
        member === undefined ? message : `${member}: ${message}`,
      ),
      caExchange: isUnderWay(cluster) || unretired(cluster) !== undefined,
      notes: [
        ...(await leftBehind(cluster)).map(({ host, text }) => `${host}: ${text}`),
        ...plaintextNotes(cluster, plain),
        ...namelessNotes(cluster, looked),
        ...corruptNotes(view),
        ...notes,
      ],
    },
    members,
    backups,
  }
}

/** Nodes whose members the others find at http, though the cluster file's are found at https: `apply` moves them. */
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

function plaintextNotes({ etcd }: Cluster, plain: readonly string[]): readonly string[] {
  return [
    ...(plain.length > 0
      ? [`peers speak to ${plain.join(', ')} without TLS: quorate apply gives it to them`]
      : []),
    ...(etcd.plaintextClients
      ? [
          'clients are served without TLS: remove etcd.plaintextClients and apply, when none speaks http any more',
        ]
      : []),
  ]
}

/** With one certificate for everything the one that clients see is the one that peers see. */
function namelessNotes({ name, etcd, pki }: Cluster, looked: readonly Looked[]): readonly string[] {
  if (pki.layout !== 'single' || !environmentNames(etcd.version).includes(PEER_IDENTITY)) return []
  const wanted = memberName(name)
  const nameless = looked.flatMap(({ node, names }) =>
    names === undefined || names.includes(wanted) ? [] : [node.name],
  )
  if (nameless.length === 0) return []
  return [
    `the certificates of ${nameless.join(', ')} lack ${wanted}: until all have it any certificate of the CA, a client's too, may speak Raft; quorate plan says what to do`,
  ]
}

function corruptNotes({ members }: ClusterView): readonly string[] {
  const raised = members.flatMap((member) => (member.reachable ? (member.alarms ?? []) : []))
  if (raised.every(({ type }) => type !== 'CORRUPT')) return []
  return ['CORRUPT is raised, and nobody can write: quorate repair tells which member differs']
}

interface Looked {
  readonly node: Node
  readonly member: MemberView
  readonly daysLeft: number | null
  /** DNS names of the certificate that it serves; undefined: it was not seen. */
  readonly names?: readonly string[] | undefined
}

async function lookAt(session: Session, node: Node): Promise<Looked> {
  const looked = await askMember(session, node)
  return (await seek(session, node, looked.member)) ? await askMember(session, node) : looked
}

async function askMember(session: Session, node: Node): Promise<Looked> {
  try {
    const [[client], endpoint] = await Promise.all([session.members([node]), session.endpoint(node)])
    if (client === undefined) throw new TypeError('no client')
    const [member] = (await readClusterView([client], session.signal)).members
    if (member === undefined) throw new TypeError('no view')
    // One that can't be trusted is looked at by itself: its dates and names may be the reason.
    const refused = !member.reachable && CERTIFICATE_REFUSED.has(member.reason.kind)
    const certificate =
      client.certificate?.() ?? (refused ? await servedCertificate(endpoint, HANDSHAKE_MS) : undefined)
    const left =
      certificate && Math.floor((certificate.notAfter.getTime() - session.now().getTime()) / DAY_MS)
    const names = certificate && describeCertificate(certificate.pem).sans.dns
    return { node, member, daysLeft: left ?? null, names }
  } catch (error) {
    // Nothing can be learnt of any member without these: they are not one member's trouble.
    if (!(error instanceof QuorateError) || error.code === 'pki' || error.code === 'cancelled') throw error
    const reason = { kind: 'unavailable' as const, message: error.message, hint: error.hint }
    return { node, member: { reachable: false, name: node.name, reason }, daysLeft: null }
  }
}

function memberStatus(
  node: Node,
  member: MemberView,
  certificateDaysLeft: number | null,
  leaderId: bigint | undefined,
  all: readonly MemberView[],
): MemberStatus {
  const common = { name: node.name, address: node.address, certificateDaysLeft }
  if (!member.reachable) {
    const unknown = { id: null, version: null, dbSizeBytes: null, raftTerm: null, raftIndex: null }
    return {
      ...common,
      ...unknown,
      healthy: false,
      leader: false,
      learner: false,
      alarms: [],
      problem: member.reason.message,
    }
  }
  const alarms = all
    .flatMap((other) => (other.reachable ? (other.alarms ?? []) : []))
    .filter((alarm) => alarm.memberId === member.memberId)
  return {
    ...common,
    id: formatId(member.memberId),
    healthy: member.read.answered,
    leader: leaderId !== undefined && leaderId === member.memberId,
    learner: member.learner,
    version: member.version,
    dbSizeBytes: member.dbSizeBytes,
    raftTerm: Number(member.raftTerm),
    raftIndex: Number(member.raftIndex),
    alarms: [...new Set(alarms.map((alarm) => alarm.type))],
    problem: member.read.answered ? null : member.read.reason.message,
  }
}
