/** Decides whether an unfinished recovery can be given up, and what happens to each node then. Pure. */
import { QuorateError } from '../../errors.ts'
import { blockedError } from '../../engine/loop.ts'
import type { Underway } from '../../host/state.ts'
import { abandonCommand, recoverCommand } from '../../engine/underway.ts'
import type { RecoveryState, RecoveryStep } from '../../tiers/etcd/steps/recovery.ts'
import { endSteps, takeBackSteps } from '../../tiers/etcd/plan/recover.ts'
import { type RecoveryProgress, progressOf } from './progress.ts'
import { type Survey, hasNewData, hasWholeData } from './survey.ts'

export interface TakingBack {
  readonly progress: RecoveryProgress
  readonly state: RecoveryState
  readonly steps: readonly RecoveryStep[]
  /** True: the new cluster's data stays. False: every member has its previous data again. */
  readonly stays: boolean
}

/**
 * A recovery can be given up before the new cluster was started, after its data was lost, and once others can join it:
 * then `apply` can do the rest.
 *
 * @param named nodes that are permanently down
 * @returns undefined: no recovery is unfinished
 * @throws QuorateError `blocked` while the surviving member has the new cluster's data and others still have the old: it can only be
 *   completed; or if a node is unreachable
 */
export function decideTakingBack(survey: Survey, named: readonly string[] = []): TakingBack | undefined {
  const progress = progressOf(survey)
  if (progress === undefined) return undefined
  const { survivor } = progress
  // Only the surviving member's own marker says how far the recovery got.
  const isKnown = survey.underway[survivor]?.verb === 'recover'
  const reached = isKnown ? progress.reached : undefined
  const declared = [...new Set([...progress.lost, ...named])]
  const away = survey.members.filter(({ node, host }) => node !== undefined && host === undefined)
  requireReached(away.filter(({ name }) => !declared.includes(name)))
  const begins = reached === 'placed' || reached === 'serving'
  if (begins && hasWholeData(survey, survivor)) {
    throw new QuorateError(
      'blocked',
      `can't abandon the recovery: data on ${survivor} was already replaced`,
      { host: survivor, hint: `complete the recovery: ${recoverCommand(survivor, progress.lost)}` },
    )
  }
  const isOpen = reached === undefined || reached === 'cleared'
  const stays = isOpen && (survey.outlook.kind === 'serving' || hasNewData(survey, progress.former))
  const marked = survey.members.flatMap(({ name, node, host }) =>
    node !== undefined && isOf(progress, host?.underway) ? [name] : [],
  )
  const others = marked.filter((name) => name !== survivor)
  const isAway = (name: string) => survey.members.some((one) => one.name === name && one.host === undefined)
  return {
    // A node that is back is locked with the others: its marker is removed, too.
    progress: { ...progress, lost: declared.filter(isAway) },
    state: { survivor, others, reached: progress.reached, fenced: [], cleared: [], released: [] },
    steps: stays ? endSteps(marked) : takeBackSteps(marked),
    stays,
  }
}

/**
 * The stages, in an order in which the same command continues, even if another node fails in between. If the new cluster
 * stays, the surviving member's marker is removed last, as at the end of a recovery. Otherwise it is removed first: without
 * it, the others' markers say only that a recovery was started.
 */
export function takingBackStages({
  steps,
  stays,
  progress,
}: TakingBack): readonly (readonly RecoveryStep[])[] {
  const [own = [], others = []] = [true, false].map((isOwn) =>
    steps.filter(({ host }) => (host === progress.survivor) === isOwn),
  )
  const stages = stays ? [others, own] : [own, others]
  return stages.filter((stage) => stage.length > 0)
}

/** A node that comes back with the marker of an earlier recovery is handled elsewhere. */
function isOf({ token }: RecoveryProgress, mark: Underway | undefined): boolean {
  return mark?.verb === 'recover' && mark.all['token'] === token
}

/** @throws QuorateError `blocked`: the unreachable node could have a marker, and data to put back */
function requireReached(away: Survey['members']): void {
  if (away.length === 0) return
  const names = away.map(({ name }) => name)
  throw blockedError(
    away.map(({ name, problem }) => ({
      host: name,
      message: problem ?? 'unreachable over SSH',
      hint: `make it reachable; or, only if it is permanently down: ${abandonCommand(names)}`,
    })),
  )
}
