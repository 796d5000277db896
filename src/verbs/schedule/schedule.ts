/** `quorate backup schedule`: makes one node, and only that one, take the backups by itself. */
import { reachableMachines } from '../../engine/locking.ts'
import { QuorateError } from '../../errors.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type ScheduleChange, sameChanges } from '../../schedule/changes.ts'
import type { ScheduleThere } from '../../schedule/look.ts'
import { NODE_EXPORTER, SERVICE } from '../../schedule/places.ts'
import type { ScheduleState } from '../../schedule/state.ts'
import { installSchedule, removeSchedules } from './install.ts'
import { type ScheduleFacts, lookForSchedule, scheduleSources, warnOfUnseen } from './observe.ts'
import { type ScheduleChoice, type DesiredSchedule, desiredSchedule } from './desired.ts'
import { recorded } from '../../engine/recorded.ts'
import { idle, runVerb } from '../../engine/run-verb.ts'

/** How long the first backup may take, in ms. */
const BACKUP_MS = 6 * 3_600_000

export interface ScheduleOptions extends ScheduleChoice {
  /** The directory on the node from which node_exporter reads metrics; default: Debian's path. */
  readonly exporter?: string | undefined
  /** Receives what will be done before anything is; throws to stop. Not called if there is nothing to do. */
  readonly confirm: (preview: SchedulePreview) => Promise<void>
}

export interface SchedulePreview {
  /** undefined: no node will take backups. */
  readonly desired: DesiredSchedule | undefined
  readonly changes: readonly ScheduleChange[]
  /** Nodes that could not be inspected: a schedule on such a node continues. */
  readonly unseen: readonly string[]
}

/** Stable and documented in docs/guides/backup-schedule.md. */
export interface ScheduleReport {
  readonly changed: boolean
  /** The node that takes the backups; null: none. */
  readonly node: string | null
  /** ISO 8601. */
  readonly next: string | null
  readonly done: readonly Pick<ScheduleChange, 'host' | 'kind' | 'what'>[]
  /** The first backup, taken at once if something was changed. It proves that the schedule works. */
  readonly first: ScheduleState['backup'] | null
}

/**
 * @throws QuorateError `usage`, `locked`, `moved` if the nodes changed after the preview; `unhealthy` if everything is
 *   in place but the first backup failed, with its reason
 */
export async function scheduleBackups(session: Session, options: ScheduleOptions): Promise<ScheduleReport> {
  // Recorded for both parts: what is done under the lock, and the first backup after it.
  return await recorded(session, 'backup schedule', async (own) => await putOnNode(own, options))
}

async function putOnNode(session: Session, options: ScheduleOptions): Promise<ScheduleReport> {
  const desired = desiredSchedule(session.cluster, options)
  requireSigner(session)
  const exporter = options.exporter ?? NODE_EXPORTER
  // In parallel with the first inspection, but not before the login: computing the checksum of Node.js reads 120 MB. The
  // inspection waits for it, and throws its error.
  const sources = session.remote(desired.node).then(async () => await scheduleSources(session))
  sources.catch(() => undefined)
  const look = async (own: Session) => await lookForSchedule(own, { desired, sources, exporter })
  const { result } = await runVerb<Session, ScheduleFacts, Placed>(session, {
    name: 'backup schedule',
    decide: async (own) => {
      const facts = await look(own)
      return facts.changes.length === 0 ? idle({ done: [], there: facts.there }) : facts
    },
    confirm: async ({ changes, unseen }) => await options.confirm({ desired, changes, unseen }),
    scope: () => reachableMachines(session.cluster),
    same: (shown, now) => sameChanges(shown.changes, now.changes),
    lookHint: 'quorate status',
    probe: () => false,
    carryOut: async ({ session: own, lock, decision: facts }) => {
      // First: two scheduled nodes at once would each delete what the other keeps.
      await removeSchedules(own, lock, facts)
      const { signingKey } = facts.there
      await installSchedule(own, { lock, desired, sources: await sources, signingKey, ...facts })
      return { done: facts.changes.map(({ host, kind, what }) => ({ host, kind, what })), there: undefined }
    },
  })
  const { done, there } = result
  const report = { changed: done.length > 0, node: desired.node.name, done }
  if (there !== undefined && isProven(there))
    return { ...report, next: there.next?.toISOString() ?? null, first: null }
  // The backup may take long, so the lock was released before, and blocks no other command.
  return { ...report, ...(await verified(session, desired, async () => await look(session))) }
}

interface Placed {
  readonly done: ScheduleReport['done']
  /** What was found, if there was nothing to do. */
  readonly there: ScheduleThere | undefined
}

/**
 * False after an interrupted run, without a successful backup yet: then the next backup must prove that the schedule
 * works.
 */
function isProven({ state }: ScheduleThere): boolean {
  return state?.lastSuccess !== undefined && state.problem === undefined
}

/** Certificates for the schedule are issued during this command, so the signer must be available now. */
function requireSigner({ cluster }: Session): void {
  if (cluster.pki.authority.home !== 'offline') return
  throw new QuorateError('blocked', "can't issue the certificate of a schedule: the CA is offline", {
    hint: 'run quorate backup from a timer on this workstation instead: it uses the certificate of the operator',
  })
}

/** Inspects again, and takes the first backup: a schedule that never took one may never be able to. */
async function verified(
  session: Session,
  desired: DesiredSchedule,
  look: () => Promise<ScheduleFacts>,
): Promise<Pick<ScheduleReport, 'next' | 'first'>> {
  const host = desired.node.name
  const installed = await look()
  warnOfUnseen(session, installed.unseen)
  if (installed.changes.length > 0) {
    const list = installed.changes.map(({ what }) => what).join('; ')
    throw new QuorateError('moved', `changes did not persist: ${list}`, {
      host,
      hint: 'find out what reverted them (configuration management?), then rerun the command',
    })
  }
  session.emit({ type: 'note', host, text: 'installed the schedule; taking the first backup' })
  const remote = await session.remote(desired.node)
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
  const why = there.state?.problem ?? `the service ended with result ${there.service.result}`
  throw new QuorateError('unhealthy', `the schedule is installed, but its first backup failed: ${why}`, {
    host,
    hint: `read its journal: quorate run ${host} -- journalctl -u ${SERVICE} -n 30; then retry: quorate run ${host} -- systemctl start ${SERVICE}. The timer also retries`,
  })
}
