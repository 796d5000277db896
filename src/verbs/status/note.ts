/** A note of `status` on etcd: something to do that doesn't affect the health. */
import type { Note } from '../../engine/note.ts'

/** An interface: add, don't change. */
export type StatusNoteId =
  | 'backup-cas-are-outdated'
  | 'backup-certificate'
  | 'backup-cluster-file-is-outdated'
  | 'backup-failed'
  | 'backup-overdue'
  | 'backup-state-unknown'
  | 'backup-timer'
  | 'backups-are-unsigned'
  | 'clients-without-tls'
  | 'downgrade-enabled'
  | 'left-behind'
  | 'no-peer-name'
  | 'not-reached-from-here'
  | 'peers-without-tls'
  | 'schedule-on-another-node'
  | 'schedule-on-several-nodes'
  | 'schedule-is-missing'
  | 'stopped-on-purpose'
  | 'version-behind'

export type StatusNote = Note<StatusNoteId>
