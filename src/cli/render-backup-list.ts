/** The backups of a backup location, for people. */
import type { ListedBackup } from '../verbs/backup/list-backups.ts'
import { counted, formatBytes, formatDuration } from '../spec/units.ts'
import type { CliContext } from './context.ts'
import { renderTable } from './table.ts'
import { oneLine } from '../spec/visible.ts'
import type { ListedBackupJson } from './output/backup-json.ts'

export function renderBackupList(
  backups: readonly ListedBackup[],
  { colors, now }: Pick<CliContext, 'colors' | 'now'>,
): string {
  const time = now()
  const header = ['NAME', 'AGE', 'SIZE', 'FROM', 'ENCRYPTED', 'CA KEY', 'TEST RESTORE', 'LOCKED UNTIL'].map(
    colors.dim,
  )
  const rows = backups.map((backup) => {
    const { name, takenAt, sizeBytes, side, proven, lockedUntil } = backup
    return [
      name,
      age(takenAt, time),
      formatBytes(sizeBytes),
      side === undefined ? '?' : `${side.about.member}, ${side.about.etcdVersion}`,
      sealed(backup, colors),
      side === undefined ? '?' : side.caKey ? 'yes' : 'no',
      proven === undefined ? colors.yellow('never') : proven.provenAt.slice(0, 16).replace('T', ' '),
      lockedUntil === undefined || lockedUntil <= time ? '-' : lockedUntil.toISOString().slice(0, 10),
    ]
  })
  const troubles = backups.flatMap(({ name, troubles: its }) =>
    its.map((text) => `${colors.yellow('!')} ${oneLine(name)}: ${oneLine(text)}\n`),
  )
  return renderTable([header, ...rows]) + troubles.join('')
}

export function backupListJson(backups: readonly ListedBackup[]): readonly ListedBackupJson[] {
  return backups.map((backup) => {
    const { name, cluster, takenAt, revision, sizeBytes, encrypted, lockedUntil, side, proven, troubles } =
      backup
    const { sealed: how, recipients, caKey, about, proof } = side ?? {}
    return {
      name,
      cluster,
      takenAt: takenAt.toISOString(),
      revision: String(revision),
      sizeBytes,
      encrypted,
      sealed: how ?? null,
      recipients: recipients ?? [],
      member: about?.member ?? null,
      etcdVersion: about?.etcdVersion ?? null,
      caKey: caKey ?? null,
      keys: proof?.keys ?? null,
      lockedUntil: lockedUntil?.toISOString() ?? null,
      proven: proven ?? null,
      troubles,
    }
  })
}

function sealed({ side, encrypted }: ListedBackup, colors: CliContext['colors']): string {
  if (!encrypted) return colors.red('NO')
  if (side === undefined) return 'yes'
  if (side.sealed === 'passphrase') return 'passphrase'
  const [first = ''] = side.recipients
  return side.recipients.length === 1
    ? `${first.slice(0, 14)}…`
    : counted(side.recipients.length, 'public key')
}

function age(takenAt: Date, now: Date): string {
  const ms = now.getTime() - takenAt.getTime()
  return ms < 0 ? 'in the future' : formatDuration(Math.max(ms, 1_000))
}
