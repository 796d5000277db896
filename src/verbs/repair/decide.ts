/** Decides which members' data is damaged, on what evidence, and whether the others' data may replace it. Changes nothing. */
import { quorum } from '../../tiers/etcd/facts/quorum.ts'
import { type Voter, remedyFor } from '../../tiers/etcd/plan/remedy.ts'
import type { BlockReason } from '../../engine/step.ts'
import { counted, plural } from '../../spec/units.ts'

export interface Evidence {
  readonly kind: 'contents' | 'log' | 'database' | 'lost' | 'unfinished'
  /** A sentence for people. */
  readonly text: string
}

/** Whether its data is of no use; otherwise its unfinished replacement is completed. */
export function isDamaged(evidence: readonly Evidence[]): boolean {
  return evidence.some(({ kind }) => kind !== 'unfinished')
}

/** One etcd node with the evidence against its data, without what a comparison of members adds. */
export interface MemberSigns {
  readonly name: string
  /** It answered a linearizable read. */
  readonly healthy: boolean
  /** The node could be inspected. */
  readonly reached: boolean
  readonly evidence: readonly Evidence[]
}

export interface RepairScene {
  /** In the cluster file's order. */
  readonly members: readonly MemberSigns[]
  /** How many have a vote. */
  readonly voters: number
  /** Names of answering members, grouped by equal keyspace at one revision; the largest group first. */
  readonly groups: readonly (readonly string[])[]
  /** Members with a CORRUPT alarm: names, or IDs of members without a node. */
  readonly corrupt: readonly string[]
  /** State of the voting members' nodes; undefined: only the members' answers are known. */
  readonly standing?: readonly Voter[] | undefined
}

export interface Finding {
  readonly name: string
  readonly healthy: boolean
  readonly reached: boolean
  /** Empty: no evidence against its data. */
  readonly evidence: readonly Evidence[]
}

export interface RepairOutlook {
  readonly members: readonly Finding[]
  /** Why no member of this cluster can be repaired; empty: repair is possible. */
  readonly blocked: readonly BlockReason[]
  /** Members with a CORRUPT alarm. */
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
      ? [{ kind: 'contents', text: `its keyspace differs from that of ${most.join(', ')}, which are equal` }]
      : []
    return { ...member, evidence: [...contents, ...member.evidence, ...alarmed(member, scene, agreed)] }
  })
  return { members: findings, blocked: refusals(scene, findings, agreed), corrupt }
}

/** CORRUPT for a member that can't be compared: the others agree, so the alarm is about this one. */
function alarmed(
  member: MemberSigns,
  { members, groups, corrupt }: RepairScene,
  agreed: boolean,
): Evidence[] {
  const compared = groups.some((group) => group.includes(member.name))
  if (corrupt.length === 0 || compared || !agreed || groups.length !== 1) return []
  if (corrupt.includes(member.name))
    return [{ kind: 'contents', text: 'etcd raised the CORRUPT alarm for it' }]
  const silent = members.filter(({ name }) => !groups[0]?.includes(name))
  // The leader raises the alarm, and may itself be the corrupt member.
  if (silent.length > 1) return []
  return [
    { kind: 'contents', text: 'the CORRUPT alarm is raised, and all other members have equal keyspaces' },
  ]
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
    const message = `no quorum: ${healthy.length} of ${counted(voters, 'voting member')} ${plural(voters, 'answers', 'answer')}, ${needed} must`
    const hint =
      standing === undefined
        ? 'run quorate recover: repair needs a quorum'
        : remedyFor({ kind: 'no-quorum' }, standing, voters).text
    return [{ message, hint }]
  }
  if (!agreed) {
    const lists = groups.map((group) => group.join(' and ')).join('; ')
    return [
      {
        id: 'unknown-which-member-is-correct',
        message: `unknown which member is correct: no ${needed} of ${counted(voters, 'member')} have equal keyspaces (${lists})`,
        hint: 'save a snapshot of each member (quorate etcdctl NODE -- snapshot save FILE), then restore a backup: quorate restore SNAPSHOT. The CORRUPT alarm stays until then',
      },
    ]
  }
  const good = findings.filter((one) => one.healthy && one.evidence.length === 0)
  if (good.length >= needed) return []
  const away = findings.filter((one) => !one.healthy && one.evidence.length === 0).map(({ name }) => name)
  const bad = findings.filter(({ evidence }) => evidence.length > 0).map(({ name }) => name)
  return [
    {
      message: `too few intact members to repair ${bad.join(' and ')} from: ${good.length} of ${counted(voters, 'member')}, ${needed} needed`,
      hint: [
        ...away.map(
          (member) => remedyFor({ kind: 'silent', member }, standing ?? members.map(voterOf), voters).text,
        ),
        'or restore a backup: quorate restore SNAPSHOT',
      ].join('; '),
    },
  ]
}

export type RepairDecision =
  | { readonly kind: 'nothing'; readonly why: string }
  | { readonly kind: 'refused'; readonly reasons: readonly BlockReason[] }
  /** Its data equals the others', but an old CORRUPT alarm is still raised. */
  | { readonly kind: 'disarm' }
  | { readonly kind: 'replace'; readonly evidence: readonly Evidence[] }

/** What `repair NAME` does. */
export function decideRepair({ members, blocked, corrupt }: RepairOutlook, name: string): RepairDecision {
  const member = members.find((one) => one.name === name)
  if (member === undefined) throw new TypeError(`${name} is not an etcd node`)
  const sick = members.filter((one) => one.evidence.length > 0 && one.name !== name).map((one) => one.name)
  const lines = sick.map((other) => `quorate repair ${other}`).join(', ')
  if (blocked.length > 0) return { kind: 'refused', reasons: blocked }
  if (member.evidence.length > 0) return { kind: 'replace', evidence: member.evidence }
  if (!member.reached && !member.healthy) {
    const message = "state of its data is unknown: the node can't be inspected"
    const hint = `make the node reachable; if it is permanently down, replace it with another node: quorate member replace ${name} NEW`
    return { kind: 'refused', reasons: [{ host: name, message, hint }] }
  }
  if (!member.healthy) {
    const message = 'the member does not answer, but there is no evidence that its data is damaged'
    const hint = `start it: quorate start ${name}. If it fails, read its journal: quorate run ${name} --root -- journalctl -u etcd -n 50. If the node is permanently down: quorate member replace ${name} NEW`
    return { kind: 'refused', reasons: [{ host: name, message, hint }] }
  }
  if (sick.length > 0) {
    const message = `the data of the member is intact; ${sick.join(' and ')} ${sick.length === 1 ? 'needs' : 'need'} repair`
    return { kind: 'refused', reasons: [{ host: name, message, hint: `run ${lines}` }] }
  }
  if (corrupt.length > 0) return { kind: 'disarm' }
  const anyway = 'to replace its data anyway, see quorate member replace --help'
  return {
    kind: 'nothing',
    why: `${name} is healthy, and its keyspace equals that of the others (${anyway})`,
  }
}
