/** A note of `status`: something to do that doesn't affect the health. */

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

export interface StatusNote {
  /** Which note it is. It stays when the message is reworded. */
  readonly id: StatusNoteId
  /** The node; null: the cluster. */
  readonly host: string | null
  readonly message: string
}

/** As a line. */
export function noteText({ host, message }: StatusNote): string {
  return host === null ? message : `${host}: ${message}`
}
