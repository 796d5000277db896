/** Whose data is damaged, on what evidence, and whether it may be replaced by the others': a judgement, no more. */
import { quorum } from '../../tiers/etcd/facts/quorum.ts'
import { type Voter, remedyFor } from '../../tiers/etcd/plan/remedy.ts'
import type { BlockReason } from '../../engine/step.ts'
import { counted, plural } from '../../spec/units.ts'

export interface Evidence {
  readonly kind: 'contents' | 'log' | 'database' | 'lost' | 'unfinished'
  /** A sentence for people. */
  readonly text: string
}

/** One etcd node, with what speaks against its data; without what follows from comparing members. */
export interface MemberSigns {
  readonly name: string
  /** It answered a linearizable read. */
  readonly healthy: boolean
  /** Its machine could be looked at. */
  readonly reached: boolean
  readonly evidence: readonly Evidence[]
}

export interface RepairScene {
  /** In the cluster file's order. */
  readonly members: readonly MemberSigns[]
  /** How many have a vote. */
  readonly voters: number
  /** Names by equal contents at one revision, of those that answer; the longest first. */
  readonly groups: readonly (readonly string[])[]
  /** For whom CORRUPT is raised: names, or IDs of members that are of no node. */
  readonly corrupt: readonly string[]
  /** How the voting members are, by their machines; undefined: only what they answer is known. */
  readonly standing?: readonly Voter[] | undefined
}

export interface Finding {
  readonly name: string
  readonly healthy: boolean
  readonly reached: boolean
  /** Empty: nothing speaks against its data. */
  readonly evidence: readonly Evidence[]
}

export interface RepairOutlook {
  readonly members: readonly Finding[]
  /** Why nothing can be repaired here, whichever member is meant; empty: it can. */
  readonly blocked: readonly BlockReason[]
  /** For whom CORRUPT is raised. */
  readonly corrupt: readonly string[]
}

export function judgeDamage(scene: RepairScene): RepairOutlook {
  const { members, groups, voters, corrupt } = scene
  const [most = []] = groups
  const agreed = groups.length <= 1 || most.length >= quorum(voters)
  const findings = members.map((member): Finding => {
    const differs =
      agreed && groups.length > 1 && groups.some((group) => group !== most && group.includes(member.name))
    const contents: Evidence[] = differs
      ? [{ kind: 'contents', text: `its contents differ from those that ${most.join(', ')} agree on` }]
      : []
    return { ...member, evidence: [...contents, ...member.evidence, ...alarmed(member, scene, agreed)] }
  })
  return { members: findings, blocked: refusals(scene, findings, agreed), corrupt }
}

/** CORRUPT, of one that can't be compared: the others agree, so that it is not one of them. */
function alarmed(
  member: MemberSigns,
  { members, groups, corrupt }: RepairScene,
  agreed: boolean,
): Evidence[] {
  const compared = groups.some((group) => group.includes(member.name))
  if (corrupt.length === 0 || compared || !agreed || groups.length !== 1) return []
  if (corrupt.includes(member.name)) return [{ kind: 'contents', text: 'the alarm CORRUPT is raised for it' }]
  const silent = members.filter(({ name }) => !groups[0]?.includes(name))
  // The leader raises the alarm, and it may itself be the one that is wrong.
  if (silent.length > 1) return []
  return [{ kind: 'contents', text: 'the alarm CORRUPT is raised, and all others have equal contents' }]
}

function voterOf({ name, healthy, reached, evidence }: MemberSigns): Voter {
  if (healthy) return { name, state: 'serving' }
  if (!reached) return { name, state: 'unreached' }
  return { name, state: evidence.length > 0 ? 'lost' : 'stopped' }
}

function refusals(
  { members, groups, voters, standing }: RepairScene,
  findings: readonly Finding[],
  agreed: boolean,
): BlockReason[] {
  const needed = quorum(voters)
  const healthy = members.filter((member) => member.healthy)
  if (healthy.length < needed) {
    const message = `${healthy.length} of ${counted(voters, 'voting member')} ${plural(voters, 'answers', 'answer')}, and ${needed} must`
    const hint =
      standing === undefined
        ? 'without a quorum nothing can be repaired from the others: quorate recover'
        : remedyFor({ kind: 'no-quorum' }, standing, voters).text
    return [{ message, hint }]
  }
  if (!agreed) {
    const lists = groups.map((group) => group.join(' and ')).join('; ')
    return [
      {
        message: `no ${needed} of ${counted(voters, 'member')} have equal contents (${lists}): nobody can say who is right`,
        hint: 'keep a snapshot of each before anything else (quorate etcdctl NODE -- snapshot save FILE), and then go back to a backup: quorate restore SNAPSHOT. CORRUPT stays raised until then',
      },
    ]
  }
  const good = findings.filter((one) => one.healthy && one.evidence.length === 0)
  if (good.length >= needed) return []
  const away = findings.filter((one) => !one.healthy && one.evidence.length === 0).map(({ name }) => name)
  const bad = findings.filter(({ evidence }) => evidence.length > 0).map(({ name }) => name)
  return [
    {
      message: `${bad.join(' and ')} are damaged, and ${good.length} of ${counted(voters, 'member')} are left to make them anew from; ${needed} must be`,
      hint: [
        ...away.map(
          (member) => remedyFor({ kind: 'silent', member }, standing ?? members.map(voterOf), voters).text,
        ),
        'or go back to a backup: quorate restore SNAPSHOT',
      ].join('; '),
    },
  ]
}

export type RepairDecision =
  | { readonly kind: 'nothing'; readonly why: string }
  | { readonly kind: 'refused'; readonly reasons: readonly BlockReason[] }
  /** Its data is as the others', and CORRUPT is still raised: from an earlier time. */
  | { readonly kind: 'disarm' }
  | { readonly kind: 'replace'; readonly evidence: readonly Evidence[] }

/** What `repair NAME` is to do. */
export function decideRepair({ members, blocked, corrupt }: RepairOutlook, name: string): RepairDecision {
  const member = members.find((one) => one.name === name)
  if (member === undefined) throw new TypeError(`${name} is no etcd node`)
  const sick = members.filter((one) => one.evidence.length > 0 && one.name !== name).map((one) => one.name)
  const lines = sick.map((other) => `quorate repair ${other}`).join(', ')
  if (blocked.length > 0) return { kind: 'refused', reasons: blocked }
  if (member.evidence.length > 0) return { kind: 'replace', evidence: member.evidence }
  if (!member.reached && !member.healthy) {
    const message = 'its machine can not be looked at: nobody knows what its data is like'
    const hint = `bring the machine back; if it is lost, another node takes its place: quorate member replace ${name} NEW`
    return { kind: 'refused', reasons: [{ host: name, message, hint }] }
  }
  if (!member.healthy) {
    const message = 'it does not answer, and nothing says that its data is damaged'
    const hint = `start it: quorate start ${name}. If it does not come up, its journal says why: quorate run ${name} --root -- journalctl -u etcd -n 50. If its machine is lost: quorate member replace ${name} NEW`
    return { kind: 'refused', reasons: [{ host: name, message, hint }] }
  }
  if (sick.length > 0) {
    const message = `nothing is wrong with its data; it is ${sick.join(' and ')} that ${sick.length === 1 ? 'needs' : 'need'} repair`
    return { kind: 'refused', reasons: [{ host: name, message, hint: lines }] }
  }
  if (corrupt.length > 0) return { kind: 'disarm' }
  const anew = 'quorate member replace --help tells how it is made anew all the same'
  return { kind: 'nothing', why: `${name} is healthy, and its contents are those of the others (${anew})` }
}
