/** Whether a recovery that was begun can still be given up, and where: pure. */
import { QuorateError } from '../../errors.ts'
import { recoverCommand } from '../../engine/underway.ts'
import { type RecoveryState, type RecoveryStep, takeBackSteps } from '../../tiers/etcd/steps/recovery.ts'
import { type RecoveryProgress, progressOf } from './progress.ts'
import type { Survey } from './survey.ts'

export interface TakingBack {
  readonly progress: RecoveryProgress
  readonly state: RecoveryState
  readonly steps: readonly RecoveryStep[]
}

/**
 * A recovery is given up as long as nobody's data was exchanged.
 *
 * @returns undefined: none was begun
 * @throws QuorateError `blocked` once the new cluster's data is in its place: then only forward is a way
 */
export function decideTakingBack(survey: Survey): TakingBack | undefined {
  const progress = progressOf(survey)
  if (progress === undefined) return undefined
  const { survivor, lost, reached } = progress
  if (reached !== 'fenced' && reached !== 'copied') {
    throw new QuorateError(
      'blocked',
      `the data on ${survivor} was exchanged already: only forward is a way`,
      { host: survivor, hint: `finish it: ${recoverCommand(survivor, lost)}` },
    )
  }
  const marked = survey.members.flatMap(({ name, node, host }) =>
    node !== undefined && host?.underway?.verb === 'recover' ? [name] : [],
  )
  const others = marked.filter((name) => name !== survivor)
  // One that is back is locked with the others: its mark goes, too.
  const away = survey.members.flatMap(({ name, host }) => (host === undefined ? [name] : []))
  const state = { survivor, others, reached, fenced: [], cleared: [], released: [] }
  return {
    progress: { ...progress, lost: lost.filter((name) => away.includes(name)) },
    state,
    steps: takeBackSteps(marked),
  }
}
