/** `quorate backup schedule`: has one node, and no other, take the backups by itself. */
import { reachableMachines, takeLock } from '../../engine/locking.ts'
import { QuorateError } from '../../errors.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { ScheduleChange } from '../../schedule/changes.ts'
import { NODE_EXPORTER, SERVICE } from '../../schedule/places.ts'
import type { ScheduleState } from '../../schedule/state.ts'
import { installSchedule, removeSchedules } from './install.ts'
import { type ScheduleSight, lookForSchedule, requireSame, scheduleSources, warnOfUnseen } from './observe.ts'
import { type ScheduleChoice, type ScheduleWish, scheduleWish } from './desired.ts'
import { recorded } from '../../engine/recorded.ts'

/** How long the first backup may take, in ms. */
const BACKUP_MS = 6 * 3_600_000

export interface ScheduleOptions extends ScheduleChoice {
  /** Where node_exporter there reads metrics from files; Debian's place unless given. */
  readonly exporter?: string | undefined
  /** Is shown what will be done before anything is, and throws to stop. Not called where there is nothing to do. */
  readonly confirm: (preview: SchedulePreview) => Promise<void>
}

export interface SchedulePreview {
  /** undefined: no node will take backups any more. */
  readonly wish: ScheduleWish | undefined
  readonly changes: readonly ScheduleChange[]
  /** Machines that could not be looked at: a schedule there goes on. */
  readonly unseen: readonly string[]
}

/** Stable and documented in docs/backup-schedule.md. */
export interface ScheduleReport {
  readonly changed: boolean
  /** The node that takes the backups; null: none. */
  readonly node: string | null
  /** ISO 8601. */
  readonly next: string | null
  readonly done: readonly { readonly host: string; readonly what: string }[]
  /** The first backup, taken at once where something was changed: the proof that it works. */
  readonly first: ScheduleState['backup'] | null
}

/**
 * @throws QuorateError `usage`, `locked`, `moved` if it is not as it was shown; `unhealthy` if all is in place but the
 *   first backup failed, with its reason
 */
export async function scheduleBackups(session: Session, options: ScheduleOptions): Promise<ScheduleReport> {
  return await recorded(session, 'backup schedule', async (own) => await putOnNode(own, options))
}

async function putOnNode(session: Session, options: ScheduleOptions): Promise<ScheduleReport> {
  const { cluster } = session
  const wish = scheduleWish(cluster, options)
  requireSigner(session)
  const exporter = options.exporter ?? NODE_EXPORTER
  const sources = await scheduleSources(session)
  const look = async () => await lookForSchedule(session, { wish, sources, exporter })
  const shown = await look()
  const node = wish.node.name
  if (shown.changes.length === 0) {
    // A run that was cut off has seen no backup, or one failed: whether the next one does is worth knowing now.
    const { state } = shown.there
    const unproven = state?.lastSuccess === undefined || state.problem !== undefined
    const next = shown.there.next?.toISOString() ?? null
    const proof = unproven ? await verified(session, wish, look) : { next, first: null }
    return { changed: false, node, done: [], ...proof }
  }
  await options.confirm({ wish, changes: shown.changes, unseen: shown.unseen })
  await using lock = await takeLock(session, {
    purpose: 'backup schedule',
    scope: reachableMachines(session.cluster),
  })
  const sight = await look()
  requireSame(shown.changes, sight.changes)
  session.log?.begin()
  // First: two nodes at once would each remove what the other keeps.
  await removeSchedules(session, lock, sight)
  const { signingKey } = sight.there
  await installSchedule(session, { lock, wish, sources, signingKey, ...sight })
  // The first backup may take its time: nobody is to wait for it.
  await lock[Symbol.asyncDispose]()
  const after = await verified(session, wish, look)
  const done = shown.changes.map(({ host, what }) => ({ host, what }))
  return { changed: true, node, done, ...after }
}

/** Certificates for it are issued right away. */
function requireSigner({ cluster }: Session): void {
  if (cluster.pki.authority.home !== 'offline') return
  throw new QuorateError('blocked', "the offline CA can't sign the certificate of a schedule by itself", {
    hint: 'have a timer of this computer run quorate backup instead: it uses the certificate of the operator',
  })
}

/** Looks again, and has the first backup taken: a schedule that never took one may never be able to. */
async function verified(
  session: Session,
  wish: ScheduleWish,
  look: () => Promise<ScheduleSight>,
): Promise<Pick<ScheduleReport, 'next' | 'first'>> {
  const host = wish.node.name
  const installed = await look()
  warnOfUnseen(session, installed.unseen)
  if (installed.changes.length > 0) {
    const list = installed.changes.map(({ what }) => what).join('; ')
    throw new QuorateError('moved', `this is as it was before, although it was done: ${list}`, {
      host,
      hint: 'something else may be undoing it (a configuration management?); look there, then run it again',
    })
  }
  session.emit({ type: 'note', host, text: 'the schedule is in place; it takes a backup now' })
  const remote = await session.remote(wish.node)
  const { exitCode } = await remote.run({
    argv: ['systemctl', 'start', SERVICE],
    root: true,
    signal: session.signal,
    patience: { asked: `systemctl start ${SERVICE}`, ms: BACKUP_MS },
    changes: true,
  })
  const { there } = await look()
  if (exitCode === 0 && there.state?.problem === undefined && there.state?.backup !== undefined) {
    return { next: there.next?.toISOString() ?? null, first: there.state.backup }
  }
  const why = there.state?.problem ?? `the service ended with ${there.service.result}`
  throw new QuorateError('unhealthy', `the schedule is in place, but its backup failed: ${why}`, {
    host,
    hint: `the timer goes on trying. Its journal says more: quorate run ${host} -- journalctl -u ${SERVICE} -n 30; start it anew: quorate run ${host} -- systemctl start ${SERVICE}`,
  })
}
