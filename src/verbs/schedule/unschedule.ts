/** `quorate backup schedule --remove`: no node takes backups by itself any more. */
import { reachableMachines } from '../../engine/locking.ts'
import { QuorateError } from '../../errors.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { removeChanges, sameChanges } from '../../schedule/changes.ts'
import { NODE_EXPORTER } from '../../schedule/places.ts'
import { isOurs } from '../../schedule/whose.ts'
import { removeSchedules } from './install.ts'
import { type ScheduleSight, lookEverywhere, outlines, warnOfUnseen } from './observe.ts'
import type { ScheduleOptions, ScheduleReport } from './schedule.ts'
import { idle, runVerb } from '../../engine/run-verb.ts'

type Sight = Pick<ScheduleSight, 'changes' | 'unseen' | 'outlines'>

/** Stops and removes it wherever it is. Backups that were taken stay. */
export async function unscheduleBackups(
  session: Session,
  options: Pick<ScheduleOptions, 'confirm'>,
): Promise<ScheduleReport> {
  const none = { node: null, next: null, first: null }
  const { result } = await runVerb<Session, Sight, ScheduleReport>(session, {
    name: 'backup schedule',
    decide: async (own) => {
      const sight = await look(own)
      if (sight.changes.length > 0) return sight
      warnOfUnseen(own, sight.unseen)
      return idle({ changed: false, done: [], ...none })
    },
    confirm: async ({ changes, unseen }) => await options.confirm({ wish: undefined, changes, unseen }),
    scope: () => reachableMachines(session.cluster),
    same: (shown, now) => sameChanges(shown.changes, now.changes),
    lookHint: 'quorate status',
    probe: () => false,
    carryOut: async ({ session: own, lock, decision: sight }) => {
      await removeSchedules(own, lock, sight)
      warnOfUnseen(own, sight.unseen)
      requireGone(await look(own))
      const done = sight.changes.map(({ host, what }) => ({ host, what }))
      return { changed: true, done, ...none }
    },
  })
  return result
}

async function look(session: Session): Promise<Sight> {
  const { seen, unseen } = await lookEverywhere(session, NODE_EXPORTER)
  const ours = seen.filter((there) => isOurs(session.cluster, there))
  return {
    changes: ours.flatMap((there) => removeChanges(there, 'as asked')),
    unseen,
    outlines: outlines(ours),
  }
}

/** @throws QuorateError `moved` */
function requireGone({ changes }: Sight): void {
  if (changes.length === 0) return
  throw new QuorateError('moved', `it is there still: ${changes.map(({ host }) => host).join(', ')}`, {
    hint: 'something else may be bringing it back (a configuration management?); look there, then run it again',
  })
}
