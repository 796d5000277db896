/** The state of one member, as `status` reports it. */
import type { ErrorCode } from '../../errors.ts'
import { type MemberView, formatId } from '../../etcd/view.ts'
import type { ListedMember } from '../../etcd/listed-member.ts'
import { describeCertificate } from '../../pki/certificate.ts'
import type { Node } from '../../spec/cluster.ts'
import { etcdNameOf } from '../../spec/etcd-name.ts'
import type { AskedMember } from '../../tiers/etcd/facts/ask-members.ts'

export interface MemberStatus {
  readonly name: string
  /** The member's name in etcd; `name`, unless the cluster file says otherwise. */
  readonly etcdName: string
  readonly address: string
  /** null in this and the following fields: the member did not report it. */
  readonly id: string | null
  /** It answered a linearizable read; null: it could not be asked. */
  readonly healthy: boolean | null
  readonly leader: boolean
  readonly learner: boolean
  readonly version: string | null
  readonly dbSizeBytes: number | null
  readonly raftTerm: number | null
  readonly raftIndex: number | null
  readonly alarms: readonly string[]
  /** Whole days until the certificate that it serves expires; negative: it has expired. */
  readonly certificateDaysLeft: number | null
  /** Why it is not healthy, or not known to be. */
  readonly problem: string | null
  /** Why it could not be asked. */
  readonly code: ErrorCode | null
  /** The node that asked it, because its own node is unreachable from this workstation. */
  readonly askedFrom: string | null
}

const DAY_MS = 86_400_000

export interface Looked extends AskedMember {
  readonly daysLeft: number | null
  /** DNS names of the certificate that it serves; undefined: not seen. */
  readonly names?: readonly string[] | undefined
}

export function seen(asked: AskedMember, now: Date): Looked {
  const { certificate } = asked
  const left = certificate && Math.floor((certificate.notAfter.getTime() - now.getTime()) / DAY_MS)
  const names = certificate && describeCertificate(certificate.pem).sans.dns
  return { ...asked, daysLeft: left ?? null, names }
}

export function memberStatus(
  { node, member, daysLeft, via }: Looked,
  leaderId: bigint | undefined,
  all: readonly MemberView[],
): MemberStatus {
  const common = {
    name: node.name,
    etcdName: etcdNameOf(node),
    address: node.address,
    certificateDaysLeft: daysLeft,
    askedFrom: via?.name ?? null,
  }
  if (!member.reachable) {
    const { reason, unasked } = member
    // What the other members know about it, if it can't answer itself.
    const known = unasked === undefined ? undefined : listed(all, node)
    return {
      ...common,
      id: known === undefined ? null : formatId(known.id),
      version: null,
      dbSizeBytes: null,
      raftTerm: null,
      raftIndex: null,
      healthy: unasked === undefined ? false : null,
      leader: known !== undefined && known.id === leaderId,
      learner: known?.learner ?? false,
      alarms: alarmsOf(known?.id, all),
      problem: reason.message,
      code: unasked ?? null,
    }
  }
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
    alarms: alarmsOf(member.memberId, all),
    problem: member.read.answered ? null : member.read.reason.message,
    code: null,
  }
}

function listed(all: readonly MemberView[], { name }: Node): ListedMember | undefined {
  const lists = all.flatMap((member) => (member.reachable ? (member.list ?? []) : []))
  const list = lists.find(({ linearizable }) => linearizable) ?? lists[0]
  return list?.members.find((one) => one.name === name)
}

function alarmsOf(id: bigint | undefined, all: readonly MemberView[]): readonly string[] {
  const raised = all.flatMap((other) => (other.reachable ? (other.alarms ?? []) : []))
  return [...new Set(raised.filter(({ memberId }) => memberId === id).map(({ type }) => type))]
}
