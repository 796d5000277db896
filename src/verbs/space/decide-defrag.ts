/**
 * Decides which members are defragmented, in which order, and when none may be. A pure function of the members' state.
 */
import { defragHazards, describeHazard, patchToName } from '../../etcd/hazards.ts'
import { type DefragRule, defragReason } from '../../etcd/space.ts'
import type { Standing, MemberStanding } from '../../tiers/etcd/facts/standing.ts'
import { type MaintenancePlan, refusal } from '../../tiers/etcd/steps/maintenance.ts'
import { type SpaceFacts, type SpaceStep, turnOf } from '../../tiers/etcd/steps/space.ts'
import { mayRestart } from '../../tiers/etcd/facts/quorum.ts'
import { remedyFor, votersOf } from '../../tiers/etcd/plan/remedy.ts'
import type { BlockReason, Next } from '../../engine/step.ts'
import { counted, formatBytes, plural } from '../../spec/units.ts'

export interface DefragIntent {
  /** Names of nodes; undefined: all members of the cluster file. */
  readonly hosts: readonly string[] | undefined
  /** Also members below the threshold. */
  readonly all: boolean
  readonly rule: DefragRule
}

export interface DefragFacts extends SpaceFacts {
  /** Names of members that were above the threshold when the run began: no others are defragmented. */
  readonly chosen: readonly string[]
}

export interface DefragPlan extends MaintenancePlan<SpaceStep> {
  /** Members that are not defragmented, and why. */
  readonly skipped: readonly { readonly host: string; readonly why: string }[]
}

/** Names of the members to defragment now: those above the threshold, or all. */
export function chosenToDefrag(intent: DefragIntent, { members }: Standing): readonly string[] {
  return members
    .filter((member) => intent.hosts?.includes(member.name) ?? true)
    .filter((member) => reasonFor(intent, member).worth)
    .map(({ name }) => name)
}

/** The next member's turn. A turn begins only while all members are healthy. */
export function decideDefrag(intent: DefragIntent, facts: DefragFacts): Next<SpaceStep> {
  const { standing, progress } = facts
  const spared = sparedNow(intent, facts).map(({ host }) => host)
  const left = facts.chosen.filter((name) => !progress.defragmented.includes(name) && !spared.includes(name))
  // The state of the other members matters only as long as another member will be interrupted.
  if (left.length === 0 && progress.defragmented.length > 0) return { kind: 'done' }
  return turnOf(planDefrag(intent, standing, left))
}

/** Chosen members whose free space was used by writes before their turn: a defragmentation isn't worth it any more. */
export function sparedNow(
  intent: DefragIntent,
  { standing, chosen, progress }: DefragFacts,
): DefragPlan['skipped'] {
  return standing.members
    .filter(({ name }) => chosen.includes(name) && !progress.defragmented.includes(name))
    .map((member) => ({ host: member.name, ...reasonFor(intent, member) }))
    .filter(({ worth }) => !worth)
    .map(({ host, why }) => ({ host, why }))
}

/** @param chosen names of the members to defragment; default: `chosenToDefrag` */
export function planDefrag(
  intent: DefragIntent,
  standing: Standing,
  chosen: readonly string[] = chosenToDefrag(intent, standing),
): DefragPlan {
  const candidates = standing.members.filter(({ name }) => intent.hosts?.includes(name) ?? true)
  const judged = candidates.map((member) => {
    const { why } = reasonFor(intent, member)
    return { member, why, worth: chosen.includes(member.name) }
  })
  const skipped = judged.filter(({ worth }) => !worth).map(({ member, why }) => ({ host: member.name, why }))
  const work = judged
    .filter(({ worth }) => worth)
    // The leader last: leadership then moves only once, to a member that is finished.
    .toSorted((a, b) => Number(a.member.leader) - Number(b.member.leader))
  const blocked = defragRefusals(standing)
  if (blocked.length > 0) return { ...refusal(blocked), skipped }
  return {
    steps: work.flatMap(({ member, why }) => defragSteps(standing, member, why)),
    blocked: [],
    risks:
      work.length === 0
        ? []
        : defragRisks(
            standing,
            work.map(({ member }) => member),
          ),
    skipped,
  }
}

function reasonFor({ all, rule }: DefragIntent, { space, trouble }: MemberStanding) {
  if (space === undefined) return { worth: true, why: trouble ?? 'its status is unknown' }
  if (all) return { worth: true, why: 'requested' }
  return defragReason(space, rule)
}

/** Why no member may be defragmented now. Also checked between two members. */
export function defragRefusals(standing: Standing): BlockReason[] {
  const { members, alarms } = standing
  const voters = votersOf(standing)
  const down = members.filter(({ healthy, voter }) => voter && !healthy)
  return [
    ...down.map(({ name: host, trouble, unknown }) => ({
      id: 'member-down-before-defragmentation',
      host,
      message: `${unknown === true ? 'member could not be asked' : 'member is down'} (${trouble}), and a defragmentation makes another one unavailable`,
      hint: remedyFor({ kind: 'silent', member: host }, voters, standing.voters).text,
    })),
    ...alarms
      .filter(({ type }) => type !== 'NOSPACE')
      .map(({ member, type }) => ({
        host: member,
        message: `alarm ${type} is raised`,
        hint: 'find the cause before a database is rewritten: quorate alarms',
      })),
    ...members.flatMap(({ name: host, version }) =>
      version === undefined
        ? []
        : defragHazards(version)
            .filter(({ refused }) => refused)
            .map(({ what, fixedIn = version }) => ({
              host,
              message: `etcd ${version}: ${what}`,
              hint: `upgrade first: quorate upgrade --to ${patchToName(fixedIn)}`,
            })),
    ),
  ]
}

/** The steps of one member's turn. */
export function defragSteps(
  standing: Standing,
  { name: host, leader, space }: MemberStanding,
  why: string,
): SpaceStep[] {
  const others = standing.members.filter(({ name, voter, healthy }) => name !== host && voter && healthy)
  const away: SpaceStep[] =
    leader && others.length > 0
      ? [
          {
            kind: 'move-leader',
            from: host,
            to: undefined,
            what: `move leadership from ${host} to the healthiest follower`,
            why: 'a blocked leader delays every write',
            danger: 'none',
          },
        ]
      : []
  const size = space === undefined ? '' : ` (${formatBytes(space.sizeBytes)})`
  return [
    ...away,
    { kind: 'defragment', host, what: `defragment its database${size}`, why, danger: 'restart' },
  ]
}

export function defragRisks(standing: Standing, work: readonly MemberStanding[]): string[] {
  const { voters, healthyVoters, members } = standing
  const costly = work.some(({ voter }) => voter)
  const versions = new Set(members.flatMap(({ version }) => version ?? []))
  const texts = [...versions].flatMap((version) =>
    defragHazards(version).map((hazard) => `${describeHazard(version, hazard)}.`),
  )
  return [
    'A member serves no client while it is defragmented: about 1 s for each 100 MiB, more on slow disks. One member at a time.',
    ...(costly && !mayRestart(voters, healthyVoters)
      ? [
          `The whole cluster is unavailable during each defragmentation: ${healthyVoters} of ${counted(voters, 'voting member')} ${plural(healthyVoters, 'answers', 'answer')}.`,
        ]
      : []),
    ...texts,
  ]
}
