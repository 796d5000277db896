/** `quorate backup schedule --remove`: no node takes backups by itself afterwards. */
import { reachableMachines } from '../../engine/locking.ts'
import { QuorateError } from '../../errors.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { sameChanges } from '../../schedule/changes.ts'
import { NODE_EXPORTER } from '../../schedule/places.ts'
import { isOurs } from '../../schedule/whose.ts'
import { removalsFor } from './decide.ts'
import { removeSchedules } from './install.ts'
import { type ScheduleFacts, lookEverywhere, outlines, warnOfUnseen } from './observe.ts'
import type { ScheduleOptions, ScheduleReport } from './schedule.ts'
import { idle, runVerb } from '../../engine/run-verb.ts'

type Facts = Pick<ScheduleFacts, 'changes' | 'unseen' | 'outlines'>

/** Stops the schedule and removes it from every node. Existing backups stay. */
export async function unscheduleBackups(
  session: Session,
  options: Pick<ScheduleOptions, 'confirm'>,
): Promise<ScheduleReport> {
  const none = { node: null, next: null, first: null }
  const { result } = await runVerb<Session, Facts, ScheduleReport>(session, {
    name: 'backup schedule',
    decide: async (own) => {
      const facts = await look(own)
      if (facts.changes.length > 0) return facts
      warnOfUnseen(own, facts.unseen)
      return idle({ changed: false, done: [], ...none })
    },
    confirm: async ({ changes, unseen }) => await options.confirm({ desired: undefined, changes, unseen }),
    scope: () => reachableMachines(session.cluster),
    same: (shown, now) => sameChanges(shown.changes, now.changes),
    lookHint: 'quorate status',
    probe: () => false,
    carryOut: async ({ session: own, lock, decision: facts }) => {
      await removeSchedules(own, lock, facts)
      warnOfUnseen(own, facts.unseen)
      requireGone(await look(own))
      const done = facts.changes.map(({ host, kind, what }) => ({ host, kind, what }))
      return { changed: true, done, ...none }
    },
  })
  return result
}

async function look(session: Session): Promise<Facts> {
  const { seen, unseen } = await lookEverywhere(session, NODE_EXPORTER)
  const ours = seen.filter((there) => isOurs(session.cluster, there))
  return {
    changes: removalsFor(session.cluster, seen),
    unseen,
    outlines: outlines(ours),
  }
}

/** @throws QuorateError `moved` */
function requireGone({ changes }: Facts): void {
  if (changes.length === 0) return
  throw new QuorateError(
    'moved',
    `the schedule still exists on ${changes.map(({ host }) => host).join(', ')}`,
    {
      hint: 'find out what restored it (configuration management?), then rerun the command',
    },
  )
}
