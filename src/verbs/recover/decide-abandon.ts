/** Whether a recovery that was begun can be given up, and what becomes of each machine then: pure. */
import { QuorateError } from '../../errors.ts'
import { blockedError } from '../../engine/loop.ts'
import type { Underway } from '../../host/state.ts'
import { abandonCommand, recoverCommand } from '../../engine/underway.ts'
import {
  type RecoveryState,
  type RecoveryStep,
  endSteps,
  takeBackSteps,
} from '../../tiers/etcd/steps/recovery.ts'
import { type RecoveryProgress, progressOf } from './progress.ts'
import { type Survey, hasNewData, hasWholeData } from './survey.ts'

export interface TakingBack {
  readonly progress: RecoveryProgress
  readonly state: RecoveryState
  readonly steps: readonly RecoveryStep[]
  /** There is data of the new cluster, and it stays; otherwise every member has the data again that it had before. */
  readonly stays: boolean
}

/**
 * A recovery is given up as long as the new cluster was not started; once its data is lost; and once others can join it, as then
 * `apply` can do the rest.
 *
 * @param named nodes that can't be reached, and will not come back
 * @returns undefined: none was begun
 * @throws QuorateError `blocked` while the survivor has the new cluster's data, and others still have the old: finishing it is the
 *   only way; or if a machine is out of reach
 */
export function decideTakingBack(survey: Survey, named: readonly string[] = []): TakingBack | undefined {
  const progress = progressOf(survey)
  if (progress === undefined) return undefined
  const { survivor } = progress
  // Without the survivor's own mark nobody knows how far it is.
  const isKnown = survey.underway[survivor]?.verb === 'recover'
  const reached = isKnown ? progress.reached : undefined
  const declared = [...new Set([...progress.lost, ...named])]
  const away = survey.members.filter(({ node, host }) => node !== undefined && host === undefined)
  requireReached(away.filter(({ name }) => !declared.includes(name)))
  const begins = reached === 'placed' || reached === 'serving'
  if (begins && hasWholeData(survey, survivor)) {
    throw new QuorateError(
      'blocked',
      `the data on ${survivor} was replaced already: the recovery can only be finished`,
      { host: survivor, hint: `finish it: ${recoverCommand(survivor, progress.lost)}` },
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
    // One that is back is locked with the others: its mark goes, too.
    progress: { ...progress, lost: declared.filter(isAway) },
    state: { survivor, others, reached: progress.reached, fenced: [], cleared: [], released: [] },
    steps: stays ? endSteps(marked) : takeBackSteps(marked),
    stays,
  }
}

/** One that comes back with the mark of an earlier recovery is another matter. */
function isOf({ token }: RecoveryProgress, mark: Underway | undefined): boolean {
  return mark?.verb === 'recover' && mark.all['token'] === token
}

/** @throws QuorateError `blocked`: it could be marked, and have data that is to be put back */
function requireReached(away: Survey['members']): void {
  if (away.length === 0) return
  const names = away.map(({ name }) => name)
  throw blockedError(
    away.map(({ name, problem }) => ({
      host: name,
      message: problem ?? 'it can not be reached',
      hint: `bring it back; or, once you know that it is off and stays off: ${abandonCommand(names)}`,
    })),
  )
}
