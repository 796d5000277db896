/** A recovery that was begun is taken back, as long as nobody's data was exchanged. */
import { takeLock } from '../../engine/locking.ts'
import { QuorateError, combineErrors } from '../../errors.ts'
import { RECOVER } from '../../host/extensions.ts'
import { PATHS } from '../../host/state.ts'
import { recoverCommand } from '../../engine/underway.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { onAll } from '../../ssh/fleet.ts'
import { surveyMembers } from './survey.ts'
import { progressOf } from './progress.ts'
import { recoverLock } from './recover.ts'
import { onBystanders } from './stop-clients.ts'
import { recorded } from '../../engine/recorded.ts'

/**
 * Copies and marks go; members stay stopped. API servers and flannel that were stopped are started again.
 *
 * @returns names of the machines that were marked; empty: none was
 * @throws QuorateError `blocked` once the new cluster's data is in its place: then only forward is a way.
 */
export async function abandonRecovery(session: Session): Promise<readonly string[]> {
  return await recorded(session, 'recover', takeBack)
}

async function takeBack(session: Session): Promise<readonly string[]> {
  const shown = progressOf(await surveyMembers(session))
  if (shown === undefined) return []
  await using lock = await takeLock(session, recoverLock(session.cluster, shown.lost))
  const survey = await surveyMembers(session)
  const progress = progressOf(survey)
  if (progress === undefined) return []
  const { survivor, lost, stage } = progress
  if (stage !== 'fenced' && stage !== 'copied') {
    throw new QuorateError(
      'blocked',
      `the data on ${survivor} was exchanged already: only forward is a way`,
      {
        host: survivor,
        hint: `finish it: ${recoverCommand(survivor, lost)}`,
      },
    )
  }
  const { dataDirectory, walDirectory } = session.cluster.etcd
  const marked = survey.members.flatMap(({ host, node }) =>
    node !== undefined && host?.underway?.verb === 'recover' ? [node] : [],
  )
  const signal = AbortSignal.any([session.signal, lock.lost])
  session.log?.begin()
  await onBystanders(session, lock, lost, ['recover_resume'])
  const { errors } = await onAll(marked, async (node) => {
    await lock.work(await session.remote(node), {
      operations: [
        ['recover_drop', { data: dataDirectory, wal: walDirectory }],
        ['recover_resume'],
        ['remove', { paths: [PATHS.underway] }],
      ],
      looks: [],
      extension: RECOVER,
      signal,
    })
  })
  if (errors.length > 0) throw combineErrors(errors)
  return marked.map(({ name }) => name)
}
