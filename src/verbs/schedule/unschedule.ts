/** `quorate backup schedule --remove`: no node takes backups by itself any more. */
import { reachableMachines, takeLock } from '../../engine/locking.ts'
import { QuorateError } from '../../errors.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { removeChanges } from '../../schedule/changes.ts'
import { NODE_EXPORTER } from '../../schedule/places.ts'
import { removeSchedules } from './install.ts'
import { isOurs } from '../../schedule/whose.ts'
import { outlines, lookEverywhere, requireSame, warnOfUnseen } from './observe.ts'
import type { ScheduleOptions, ScheduleReport } from './schedule.ts'
import { recorded } from '../../engine/recorded.ts'

/** Stops and removes it wherever it is. Backups that were taken stay. */
export async function unscheduleBackups(
  session: Session,
  options: Pick<ScheduleOptions, 'confirm'>,
): Promise<ScheduleReport> {
  return await recorded(session, 'backup schedule', async (own) => await takeFromNodes(own, options))
}

async function takeFromNodes(
  session: Session,
  options: Pick<ScheduleOptions, 'confirm'>,
): Promise<ScheduleReport> {
  const look = async () => {
    const { seen, unseen } = await lookEverywhere(session, NODE_EXPORTER)
    const ours = seen.filter((there) => isOurs(session.cluster, there))
    return {
      changes: ours.flatMap((there) => removeChanges(there, 'as asked')),
      unseen,
      outlines: outlines(ours),
    }
  }
  const shown = await look()
  if (shown.changes.length === 0) {
    warnOfUnseen(session, shown.unseen)
    return { changed: false, node: null, next: null, done: [], first: null }
  }
  await options.confirm({ wish: undefined, changes: shown.changes, unseen: shown.unseen })
  await using lock = await takeLock(session, {
    purpose: 'backup schedule',
    scope: reachableMachines(session.cluster),
  })
  const sight = await look()
  requireSame(shown.changes, sight.changes)
  session.log?.begin()
  await removeSchedules(session, lock, sight)
  warnOfUnseen(session, sight.unseen)
  const left = (await look()).changes
  if (left.length > 0) {
    throw new QuorateError('moved', `it is there still: ${left.map(({ host }) => host).join(', ')}`, {
      hint: 'something else may be bringing it back (a configuration management?); look there, then run it again',
    })
  }
  const done = shown.changes.map(({ host, what }) => ({ host, what }))
  return { changed: true, node: null, next: null, done, first: null }
}
