/** `quorate recover --abandon`: a recovery that was begun is given up. */
import { idle, runVerb } from '../../engine/run-verb.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type TakingBack, decideTakingBack } from './decide-abandon.ts'
import { surveyMembers } from './observe.ts'
import { performRecovery } from './perform.ts'
import { recoveryScope } from './recover.ts'

export interface Abandoned {
  /** Names of the machines that were marked; empty: none was. */
  readonly nodes: readonly string[]
  /** The new cluster stays; otherwise every member has the data again that it had before. */
  readonly stays: boolean
}

/**
 * Copies and marks go; members stay stopped. API servers and flannel that were stopped are started again.
 *
 * @param lost nodes that can't be reached, and will not come back
 * @throws QuorateError `blocked` while the survivor has the new cluster's data, and others still have the old: finishing it is the
 *   only way; `moved` if it was finished or taken back meanwhile, or another was begun
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
    // Nobody is served meanwhile.
    probe: () => false,
    carryOut: async ({ session: own, lock, decision: { progress, state, steps, stays } }) => {
      const run = { ...state, made: progress.made, moved: [], joining: undefined }
      await performRecovery({ session: own, lock, progress }, run, steps)
      return { nodes: steps.map(({ host }) => host), stays }
    },
  })
  return result
}
