/** `quorate recover --abandon`: a recovery that was begun is taken back, as long as nobody's data was exchanged. */
import { idle, runVerb } from '../../engine/run-verb.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type TakingBack, decideTakingBack } from './decide-abandon.ts'
import { surveyMembers } from './observe.ts'
import { performRecovery } from './perform.ts'
import { recoveryScope } from './recover.ts'

/**
 * Copies and marks go; members stay stopped. API servers and flannel that were stopped are started again.
 *
 * @returns names of the machines that were marked; empty: none was
 * @throws QuorateError `blocked` once the new cluster's data is in its place: then only forward is a way; `moved` if it was
 *   finished or taken back meanwhile, or another was begun
 */
export async function abandonRecovery(session: Session): Promise<readonly string[]> {
  const { cluster } = session
  const { result } = await runVerb<Session, TakingBack, readonly string[]>(session, {
    name: 'recover',
    finishes: 'recover',
    decide: async (own) => decideTakingBack(await surveyMembers(own)) ?? idle([]),
    // Nobody's data is touched: who typed it has said all that there is to say.
    confirm: async () => undefined,
    scope: ({ progress }) => recoveryScope(cluster, progress.lost),
    same: (shown, now) => shown.progress.token === now.progress.token,
    lookHint: 'quorate recover',
    // Nobody is served meanwhile.
    probe: () => false,
    carryOut: async ({ session: own, lock, decision: { progress, state, steps } }) => {
      const run = { ...state, made: progress.made, moved: [], joining: undefined }
      await performRecovery({ session: own, lock, progress }, run, steps)
      return steps.map(({ host }) => host)
    },
  })
  return result
}
