/** Steps that make room in the members' databases: what they change of what is seen, and what they really do. */
import type { StepKind } from '../../../engine/step-registry.ts'
import type { Next } from '../../../engine/step.ts'
import type { Space } from '../../../etcd/space.ts'
import type { Standing, MemberStanding } from '../facts/standing.ts'
import type { Session } from '../session.ts'
import { LEADERSHIP, type MoveLeaderStep } from './leadership.ts'
import type { MaintenancePlan, MaintenanceStep } from './maintenance.ts'
import type { Piece } from './simulated.ts'

export type SpaceStep = Extract<
  MaintenanceStep,
  { readonly kind: 'move-leader' | 'compact' | 'defragment' | 'disarm' | 'prove-write' }
>

/** A kind of steps of these: what members say of themselves is all that is seen of them. */
interface SpaceKind<S extends SpaceStep> extends StepKind<S> {
  readonly predict: (standing: Standing, step: S) => Standing
  /** What of it no member shows afterwards. */
  readonly advance?: ((progress: SpaceProgress, step: S) => SpaceProgress) | undefined
  /**
   * @returns false: it was done already, by somebody else.
   * @throws QuorateError `etcd`; `blocked` where a disk lacks the room; `unhealthy` if a member does not come back.
   */
  perform(performing: Performing, step: S): Promise<boolean>
  /** What it really does, cut into the pieces between which a tool can die. */
  simulate(model: SpaceModel, step: S): readonly Piece[]
}

type SpaceKinds<S extends SpaceStep> = {
  readonly [K in S['kind']]: SpaceKind<Extract<S, { readonly kind: K }>>
}

/** What a step needs to be carried out. */
export interface Performing {
  readonly session: Session
  /** Aborts when the lock is lost, too. */
  readonly signal: AbortSignal
  /** As it was seen when the step was decided on. */
  readonly standing: Standing
  /** Of a compaction: waits until every member has freed the space within its file. */
  readonly physical: boolean
}

export const SPACE: SpaceKinds<Exclude<SpaceStep, MoveLeaderStep>> = {
  defragment: {
    action: 'change',
    predict: (standing, { host }) => ({
      ...standing,
      members: standing.members.map((member) =>
        member.name === host ? withSpace(member, { sizeBytes: member.space?.inUseBytes ?? 0 }) : member,
      ),
    }),
    advance: (progress, { host }) => ({ ...progress, defragmented: [...progress.defragmented, host] }),
    perform: async (performing, step) => {
      const { defragmentMember } = await import('../perform/space.ts')
      await defragmentMember(performing, step)
      return true
    },
    simulate: (model, { host }) => [() => model.beginDefragment(host), () => model.awaitAnswers(host)],
  },

  compact: {
    action: 'remove',
    // How much of a file is in use then, only the members know.
    predict: (standing) => ({
      ...standing,
      members: standing.members.map((member) => withSpace(member, { inUseBytes: undefined })),
    }),
    advance: (progress) => ({ ...progress, compacted: true }),
    perform: async (performing, step) => {
      const { compactTo } = await import('../perform/space.ts')
      return await compactTo(performing, step)
    },
    simulate: (model, { revision }) => [() => model.compact(revision)],
  },

  disarm: {
    action: 'change',
    distinguishes: ({ member, alarm }) => [member, alarm],
    predict: (standing, step) => ({
      ...standing,
      alarms: standing.alarms.filter(({ member, type }) => member !== step.member || type !== step.alarm),
    }),
    perform: async (performing, step) => {
      const { disarmAlarm } = await import('../perform/space.ts')
      await disarmAlarm(performing, step)
      return true
    },
    simulate: (model, { member, alarm }) => [() => model.disarm(member, alarm)],
  },

  'prove-write': {
    action: 'check',
    predict: (standing) => standing,
    advance: (progress) => ({ ...progress, proven: true }),
    perform: async (performing, step) => {
      const { proveWrite } = await import('../perform/space.ts')
      await proveWrite(performing, step)
      return true
    },
    simulate: (model) => [() => model.write()],
  },
}

/** It is the step of every verb, as these verbs see it. */
const HAND_OVER: SpaceKind<MoveLeaderStep> = {
  ...LEADERSHIP['move-leader'],
  predict: ledByAnother,
  perform: async ({ session, signal }, step) => {
    const { moveLeaderAway } = await import('../perform/move-leader.ts')
    await moveLeaderAway(session, { step, avoid: [], must: true, signal })
    return true
  },
  simulate: (model, { from }) => [() => model.moveLeadership(from)],
}

/** What is known of the kind of a step of these verbs. */
export function spaceKind<S extends SpaceStep>({ kind }: S): SpaceKind<S> {
  const kinds: SpaceKinds<SpaceStep> = { ...SPACE, 'move-leader': HAND_OVER }
  return kinds[kind] as unknown as SpaceKind<S>
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
  return spaceKind(step).advance?.(progress, step) ?? progress
}

export function predictSpace<F extends SpaceFacts>(facts: F, step: SpaceStep): F {
  return {
    ...facts,
    standing: spaceKind(step).predict(facts.standing, step),
    progress: advance(facts.progress, step),
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
