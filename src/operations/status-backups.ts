/** How the backups of a schedule go, asked of the node that takes them. */
import { readFile } from 'node:fs/promises'
import { QuorateError } from '../errors.ts'
import { ageOf } from '../pki/age.ts'
import type { Session } from '../run/session.ts'
import { type ScheduleConfig, parseConfig } from '../schedule/config.ts'
import { type ScheduleThere, lookAtSchedule } from '../schedule/look.ts'
import { NODE_EXPORTER, PLACES } from '../schedule/places.ts'
import type { Cluster } from '../spec/cluster.ts'
import { scheduleNode } from './backup-schedule-wish.ts'

/** Stable and documented in docs/status.md. Times are ISO 8601; null: there is none, or it is not known. */
export interface BackupStatus {
  readonly node: string
  /** systemd's OnCalendar. */
  readonly every: string
  readonly lastRun: string | null
  readonly lastSuccess: string | null
  readonly next: string | null
  /** Of the latest run, if it failed. */
  readonly problem: string | null
  /** The latest success. */
  readonly backup: { readonly name: string; readonly revision: string; readonly sizeBytes: number } | null
  /** How many of this cluster's are in the store. */
  readonly stored: number | null
  /** The newest that was restored for a trial, and held what it should. */
  readonly lastProven: string | null
}

export interface BackupsSeen {
  /** null: no schedule is wanted, or there is none. */
  readonly backups: BackupStatus | null
  /** What wants doing, each with the node's name in front. */
  readonly notes: readonly string[]
}

const DAY_MS = 86_400_000

/** From here on the certificate is worth a word, in days. */
const SOON_DAYS = 30

/** Looks at the node that the cluster file means, if it has a schedule at all. Never throws for what it can't learn. */
export async function backupsSeen(session: Session): Promise<BackupsSeen> {
  const { cluster, signal } = session
  if (cluster.backup?.schedule === undefined) return { backups: null, notes: [] }
  try {
    const node = scheduleNode(cluster)
    const remote = await session.remote(node)
    const there = await lookAtSchedule(remote, { exporter: NODE_EXPORTER, signal })
    if (there.config === undefined) {
      const text = `${node.name}: takes no backups by itself, although the cluster file has a schedule: quorate backup schedule`
      return { backups: null, notes: [text] }
    }
    const config = parseConfig(there.config, `${PLACES.config} on ${node.name}`)
    const notes = await troubles(cluster, there, config, session.now())
    return { backups: statusOf(there, config), notes: notes.map((text) => `${node.name}: ${text}`) }
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    const where = error.host === undefined ? '' : `${error.host}: `
    return { backups: null, notes: [`${where}how its backups go can't be told: ${error.message}`] }
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
  cluster: Cluster,
  there: ScheduleThere,
  config: ScheduleConfig,
  now: Date,
): Promise<readonly string[]> {
  const { state, timer, certificate, periodSeconds } = there
  const notes: string[] = []
  if (state?.problem !== undefined) notes.push(`the latest backup failed: ${state.problem}`)
  if (timer.active !== 'active' || !timer.enabled) {
    notes.push(`the timer of its backups is ${timer.active}: quorate backup schedule puts it right`)
  }
  const last = state?.lastSuccess ?? (state === undefined ? undefined : new Date(0).toISOString())
  if (last !== undefined && periodSeconds !== undefined) {
    const overdue = now.getTime() - Date.parse(last) > 2 * periodSeconds * 1000
    if (overdue) {
      const when = state?.lastSuccess === undefined ? 'never' : `last on ${state.lastSuccess}`
      notes.push(`a backup was taken ${when}, and it should be ${config.every}`)
    }
  }
  const left =
    certificate === undefined ? 0 : (ageOf(certificate, now).notAfter.getTime() - now.getTime()) / DAY_MS
  if (left < Math.min(SOON_DAYS, cluster.pki.days / 10)) {
    const when = left <= 0 ? 'has expired' : `expires in ${Math.floor(left)} days`
    notes.push(`the certificate of its backups ${when}: quorate backup schedule renews it`)
  }
  if (config.clusterFile !== (await readFile(cluster.file, 'utf8'))) {
    notes.push(
      'its backups follow an older text of the cluster file: quorate backup schedule brings the new one',
    )
  }
  return notes
}
