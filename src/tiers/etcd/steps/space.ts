/** Steps that make room in the members' databases: what they change of what is seen, and what they really do. */
import type { StepKinds } from '../../../engine/step-registry.ts'
import type { Next } from '../../../engine/step.ts'
import type { Space } from '../../../etcd/space.ts'
import type { Standing, MemberStanding } from '../facts/standing.ts'
import type { MoveLeaderStep } from './leadership.ts'
import type { MaintenancePlan, MaintenanceStep } from './maintenance.ts'

export type SpaceStep = Extract<
  MaintenanceStep,
  { readonly kind: 'move-leader' | 'compact' | 'defragment' | 'disarm' | 'prove-write' }
>

export const SPACE: StepKinds<Exclude<SpaceStep, MoveLeaderStep>> = {
  defragment: { action: 'change' },
  compact: { action: 'remove' },
  disarm: { action: 'change', distinguishes: ({ member, alarm }) => [member, alarm] },
  'prove-write': { action: 'check' },
}

export interface SpaceFacts {
  readonly standing: Standing
  readonly progress: SpaceProgress
}

/** What a run has done that no member shows afterwards. A new run begins with nothing of it. */
export interface SpaceProgress {
  /** The history is removed, and its space is free within every member's file. */
  readonly compacted: boolean
  /** Names of members. */
  readonly defragmented: readonly string[]
  /** A write was read back from every member. */
  readonly proven: boolean
}

export const NO_PROGRESS: SpaceProgress = { compacted: false, defragmented: [], proven: false }

/** The plan's next turn: one member, or one step of the cluster, with the move of leadership that goes before it. */
export function turnOf<S extends MaintenanceStep>({
  steps,
  blocked,
}: Pick<MaintenancePlan<S>, 'steps' | 'blocked'>): Next<S> {
  if (blocked.length > 0) return { kind: 'blocked', reasons: blocked }
  const at = steps.findIndex(({ kind }) => kind !== 'move-leader')
  return at === -1 ? { kind: 'done' } : { kind: 'steps', steps: steps.slice(0, at + 1) }
}

/** What has been done of it after a step. */
export function advance(progress: SpaceProgress, step: SpaceStep): SpaceProgress {
  switch (step.kind) {
    case 'compact':
      return { ...progress, compacted: true }
    case 'defragment':
      return { ...progress, defragmented: [...progress.defragmented, step.host] }
    case 'prove-write':
      return { ...progress, proven: true }
    default:
      return progress
  }
}

export function predictSpace<F extends SpaceFacts>(facts: F, step: SpaceStep): F {
  return {
    ...facts,
    standing: predictCondition(facts.standing, step),
    progress: advance(facts.progress, step),
  }
}

function predictCondition(standing: Standing, step: SpaceStep): Standing {
  const { members } = standing
  switch (step.kind) {
    case 'move-leader':
      return ledByAnother(standing, step)
    case 'compact':
      // How much of a file is in use then, only the members know.
      return { ...standing, members: members.map((member) => withSpace(member, { inUseBytes: undefined })) }
    case 'defragment':
      return {
        ...standing,
        members: members.map((member) =>
          member.name === step.host
            ? withSpace(member, { sizeBytes: member.space?.inUseBytes ?? 0 })
            : member,
        ),
      }
    case 'disarm':
      return {
        ...standing,
        alarms: standing.alarms.filter(({ member, type }) => member !== step.member || type !== step.alarm),
      }
    case 'prove-write':
      return standing
  }
}

function ledByAnother(standing: Standing, { from, to }: MoveLeaderStep): Standing {
  const able = standing.members.filter(({ name, voter, healthy }) => name !== from && voter && healthy)
  const leader = to ?? able[0]?.name
  if (leader === undefined) return standing
  const members = standing.members.map((member) => ({ ...member, leader: member.name === leader }))
  return { ...standing, members, leader }
}

function withSpace(member: MemberStanding, change: Partial<Space>): MemberStanding {
  return { ...member, space: member.space && { ...member.space, ...change } }
}

/** A simulated cluster, as far as these steps change it. */
export interface SpaceModel {
  /** Leadership goes from this member, if it leads, to the one that is least behind. */
  moveLeadership(from: string): void
  compact(revision: number): void
  /** It answers nothing from here on, until time has passed; whoever asked for it may be gone by then. */
  beginDefragment(member: string): void
  /** Waits until those that answered before the step do so again. */
  awaitAnswers(member: string): void
  disarm(member: string, alarm: string): void
  /** A write that is read back from every member that answers. */
  write(): void
}

/** What a step really does, cut into the pieces between which a tool can die. */
export function simulateSpace(step: SpaceStep, model: SpaceModel): readonly (() => void)[] {
  switch (step.kind) {
    case 'move-leader':
      return [() => model.moveLeadership(step.from)]
    case 'compact':
      return [() => model.compact(step.revision)]
    case 'defragment':
      return [() => model.beginDefragment(step.host), () => model.awaitAnswers(step.host)]
    case 'disarm':
      return [() => model.disarm(step.member, step.alarm)]
    case 'prove-write':
      return [() => model.write()]
  }
}
