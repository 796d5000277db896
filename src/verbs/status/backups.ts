/** The state of scheduled backups, as reported by the node that takes them. */
import { createHash } from 'node:crypto'
import { inFull, QuorateError } from '../../errors.ts'
import { readText } from '../../files/read-file.ts'
import { ageOf } from '../../pki/age.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type ScheduleConfig, outlineOf, parseConfig } from '../../schedule/config.ts'
import { type ScheduleThere, lookAtSchedule } from '../../schedule/look.ts'
import { overdueSince } from '../../schedule/overdue.ts'
import { NODE_EXPORTER, PLACES } from '../../schedule/places.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import { scheduleNode } from '../../schedule/choose-node.ts'
import { counted } from '../../spec/units.ts'
import type { StatusNote, StatusNoteId } from './note.ts'

/** Stable and documented in docs/guides/status.md. Times are ISO 8601; null: none, or unknown. */
export interface BackupStatus {
  readonly node: string
  /** systemd's OnCalendar. */
  readonly every: string
  readonly lastRun: string | null
  readonly lastSuccess: string | null
  readonly next: string | null
  /** Why the latest run failed; null: it did not. */
  readonly problem: string | null
  /** The latest successful backup. */
  readonly backup: { readonly name: string; readonly revision: string; readonly sizeBytes: number } | null
  /** Number of this cluster's backups in the backup location. */
  readonly stored: number | null
  /** The newest backup that passed a test restore. */
  readonly lastProven: string | null
}

export interface BackupsSeen {
  /** null: no schedule is wanted, or there is none. */
  readonly backups: BackupStatus | null
  readonly notes: readonly StatusNote[]
}

const DAY_MS = 86_400_000

/** When fewer days than this are left, the certificate gets a note. */
const SOON_DAYS = 30

/**
 * Reports on the node that the cluster file names, or on one that takes backups although the file has no schedule; also
 * which other nodes do. Never throws for what it can't learn. If the file doesn't mention backups, there is no schedule
 * to look for.
 */
export async function backupsSeen(session: Session): Promise<BackupsSeen> {
  const { cluster } = session
  if (cluster.backup === undefined) return { backups: null, notes: [] }
  if (cluster.backup.schedule === undefined) {
    const [found, ...others] = await takingBackups(session)
    if (found === undefined) return { backups: null, notes: [] }
    const { backups, notes } = await seenOn(session, () => found)
    const message = `takes backups in addition to ${found.name}; to remove its schedule: quorate backup schedule --node ${found.name}`
    const more = others.map(({ name: host }): StatusNote => ({
      id: 'schedule-on-several-nodes',
      host,
      message,
    }))
    return { backups, notes: [...notes, ...more] }
  }
  const [{ backups, notes }, all] = await Promise.all([
    seenOn(session, () => scheduleNode(cluster)),
    takingBackups(session),
  ])
  const meant = wantedName(cluster)
  const message = `takes backups, but the cluster file says ${meant}; to move the schedule: quorate backup schedule`
  const strays = meant === undefined ? [] : all.filter(({ name }) => name !== meant)
  const more = strays.map(({ name: host }): StatusNote => ({ id: 'schedule-on-another-node', host, message }))
  return { backups, notes: [...notes, ...more] }
}

/** undefined: the file names no existing node. The inspection reports that. */
function wantedName(cluster: Cluster): string | undefined {
  try {
    return scheduleNode(cluster).name
  } catch (error) {
    if (error instanceof QuorateError && error.code === 'usage') return undefined
    throw error
  }
}

/** Reachable nodes that have a schedule of this cluster. Unreachable nodes are reported elsewhere. */
async function takingBackups(session: Session): Promise<readonly Node[]> {
  const { cluster, signal } = session
  const { results } = await onAll(cluster.nodes, async (node) => {
    const remote = await session.remote(node)
    const { stdout, exitCode } = await remote.run({ argv: ['cat', PLACES.config], root: true, signal })
    return exitCode === 0 && outlineOf(stdout).cluster === cluster.name
  })
  signal.throwIfAborted()
  const names = results.flatMap(({ host, value }) => (value ? [host] : []))
  return cluster.nodes.filter(({ name }) => names.includes(name))
}

async function seenOn(session: Session, choose: () => Node): Promise<BackupsSeen> {
  const { signal } = session
  try {
    const node = choose()
    const remote = await session.remote(node)
    const there = await lookAtSchedule(remote, { exporter: NODE_EXPORTER, signal })
    if (there.config === undefined) {
      const message =
        'takes no scheduled backups, but the cluster file has a schedule; to install it: quorate backup schedule'
      return { backups: null, notes: [{ id: 'schedule-is-missing', host: node.name, message }] }
    }
    const config = parseConfig(there.config, `${PLACES.config} on ${node.name}`)
    const found = await troubles(session, there, config)
    const notes = found.map((one): StatusNote => ({ ...one, host: node.name }))
    return { backups: statusOf(there, config), notes }
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    const message = `state of its backups is unknown: ${inFull(error)}`
    return { backups: null, notes: [{ id: 'backup-state-unknown', host: error.host ?? null, message }] }
  }
}

function statusOf({ host, state, next }: ScheduleThere, { every }: ScheduleConfig): BackupStatus {
  return {
    node: host,
    every,
    lastRun: state?.lastRun ?? null,
    lastSuccess: state?.lastSuccess ?? null,
    next: next?.toISOString() ?? null,
    problem: state?.problem ?? null,
    backup: state?.backup ?? null,
    stored: state?.stored ?? null,
    lastProven: state?.lastProven ?? null,
  }
}

async function troubles(
  session: Session,
  there: ScheduleThere,
  config: ScheduleConfig,
): Promise<readonly Omit<StatusNote, 'host'>[]> {
  const { cluster } = session
  const now = session.now()
  const { state, timer, certificate } = there
  const notes: Omit<StatusNote, 'host'>[] = []
  const note = (id: StatusNoteId, message: string) => void notes.push({ id, message })
  if (state?.problem !== undefined) note('backup-failed', `the latest backup failed: ${state.problem}`)
  if (timer.active !== 'active' || !timer.enabled) {
    note('backup-timer', `the backup timer is ${timer.active}; to fix it: quorate backup schedule`)
  }
  if (there.signingKey === undefined) {
    note(
      'backups-are-unsigned',
      'backups of this node are not signed; to install a key: quorate backup schedule',
    )
  }
  const overdue = overdueSince(there, now)
  if (overdue !== undefined) note('backup-overdue', `${overdue}, but its schedule is ${config.every}`)
  const left =
    certificate === undefined ? 0 : (ageOf(certificate, now).notAfter.getTime() - now.getTime()) / DAY_MS
  if (left < Math.min(SOON_DAYS, cluster.pki.days / 10)) {
    const when = left <= 0 ? 'has expired' : `expires in ${counted(Math.floor(left), 'day')}`
    note('backup-certificate', `the backup certificate ${when}; to renew it: quorate certs renew`)
  }
  if (sha256(await readText(cluster.file)) !== there.files[PLACES.clusterFile]?.sha256) {
    note(
      'backup-cluster-file-is-outdated',
      'backups of this node use an older cluster file; to update it: quorate backup schedule',
    )
  }
  const trust = await session.bundle()
  if (trust !== undefined && sha256(trust) !== there.files[PLACES.trust]?.sha256) {
    note(
      'backup-cas-are-outdated',
      'backups of this node trust outdated CAs; to update them: quorate backup schedule',
    )
  }
  return notes
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
