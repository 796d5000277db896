/** `quorate recover --abandon`: gives up an unfinished recovery. */
import { idle, runVerb } from '../../engine/run-verb.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type TakingBack, decideTakingBack, takingBackStages } from './decide-abandon.ts'
import { surveyMembers } from './observe.ts'
import { type RecoveryRun, performRecovery } from './perform.ts'
import { recoveryScope } from './recover.ts'

export interface Abandoned {
  /** Names of the nodes with a recovery marker; empty: none has one. */
  readonly nodes: readonly string[]
  /** True: the new cluster stays. False: every member has its previous data again. */
  readonly stays: boolean
}

/**
 * Removes copies and markers. Members stay stopped. API servers and flannel that the recovery stopped are started again.
 *
 * @param lost nodes that are permanently down
 * @throws QuorateError `blocked` while the surviving member has the new cluster's data and others still have the old: it can only be
 *   completed; `moved` if another run completed it, abandoned it, or started a new one
 */
export async function abandonRecovery(session: Session, lost: readonly string[] = []): Promise<Abandoned> {
  const { cluster } = session
  const { result } = await runVerb<Session, TakingBack, Abandoned>(session, {
    name: 'recover',
    finishes: 'recover',
    decide: async (own) =>
      decideTakingBack(await surveyMembers(own, lost), lost) ?? idle({ nodes: [], stays: false }),
    confirm: async () => undefined,
    scope: ({ progress }) => recoveryScope(cluster, progress.lost),
    same: (shown, now) => shown.progress.token === now.progress.token && shown.stays === now.stays,
    lookHint: 'quorate recover',
    // No client is served during a recovery.
    probe: () => false,
    carryOut: async ({ session: own, lock, decision }) => {
      const { progress, state, steps, stays } = decision
      const work = { session: own, lock, progress, decided: undefined }
      let run: RecoveryRun = { ...state, made: progress.made, moved: [], joining: undefined }
      for (const stage of takingBackStages(decision)) run = await performRecovery(work, run, stage)
      return { nodes: steps.map(({ host }) => host), stays }
    },
  })
  return result
}
