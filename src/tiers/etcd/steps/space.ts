/** Steps that free space in the members' databases: their predicted and their real effects. */
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

/** A kind of these steps, which are only observed through what members report. */
interface SpaceKind<S extends SpaceStep> extends StepKind<S> {
  readonly predict: (standing: Standing, step: S) => Standing
  /** The part of its effect that no member shows afterwards. */
  readonly advance?: ((progress: SpaceProgress, step: S) => SpaceProgress) | undefined
  /**
   * @returns false: another tool had already done it.
   * @throws QuorateError `etcd`; `blocked` if a disk has not enough space; `unhealthy` if a member doesn't return.
   */
  perform(performing: Performing, step: S): Promise<boolean>
  /** Its real effect, divided into pieces between which quorate can be killed. */
  simulate(model: SpaceModel, step: S): readonly Piece[]
}

type SpaceKinds<S extends SpaceStep> = {
  readonly [K in S['kind']]: SpaceKind<Extract<S, { readonly kind: K }>>
}

/** What a step needs to be carried out. */
export interface Performing {
  readonly session: Session
  /** Also aborts when the lock is lost. */
  readonly signal: AbortSignal
  /** As observed when the step was planned. */
  readonly standing: Standing
  /** For a compaction: waits until every member has freed the space within its file. */
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
    // Only the members know how much of a file is in use afterwards.
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

/** The step that all commands use, as seen by these commands. */
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

/** The kind of a step of these commands. */
export function spaceKind<S extends SpaceStep>({ kind }: S): SpaceKind<S> {
  const kinds: SpaceKinds<SpaceStep> = { ...SPACE, 'move-leader': HAND_OVER }
  return kinds[kind] as unknown as SpaceKind<S>
}

export interface SpaceFacts {
  readonly standing: Standing
  readonly progress: SpaceProgress
}

/** What a run has done that no member shows afterwards. A new run starts without it. */
export interface SpaceProgress {
  /** The history is removed, and its space is free within every member's file. */
  readonly compacted: boolean
  /** Names of members. */
  readonly defragmented: readonly string[]
  /** A write was read back from every member. */
  readonly proven: boolean
}

export const NO_PROGRESS: SpaceProgress = { compacted: false, defragmented: [], proven: false }

/** The plan's next turn: one member, or one step of the cluster, after its move of leadership. */
export function turnOf<S extends MaintenanceStep>({
  steps,
  blocked,
}: Pick<MaintenancePlan<S>, 'steps' | 'blocked'>): Next<S> {
  if (blocked.length > 0) return { kind: 'blocked', reasons: blocked }
  const at = steps.findIndex(({ kind }) => kind !== 'move-leader')
  return at === -1 ? { kind: 'done' } : { kind: 'steps', steps: steps.slice(0, at + 1) }
}

/** The progress after a step. */
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
  /** Moves leadership from this member, if it leads, to the one that is least behind. */
  moveLeadership(from: string): void
  compact(revision: number): void
  /** It answers no requests until time has passed; its caller may have ended by then. */
  beginDefragment(member: string): void
  /** Waits until those that answered before the step answer again. */
  awaitAnswers(member: string): void
  disarm(member: string, alarm: string): void
  /** Reads a write back from every member that answers. */
  write(): void
}
