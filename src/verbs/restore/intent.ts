/** The request for a restore, as its planner takes it. */
import type { Cluster } from '../../spec/cluster.ts'
import type { RestoreIdentity } from '../../tiers/etcd/steps/restore.ts'

export interface RestoreIntent {
  readonly kind: 'restore'
  readonly cluster: Cluster
  readonly restore: RestoreIdentity
  /** Absolute path of the snapshot on the workstation, with etcd's checksum at its end. */
  readonly snapshotFile: string
  readonly sizeBytes: number
  /** Further options of `etcdutl snapshot restore`. */
  readonly options: readonly string[]
  /** Names of excluded nodes: already removed from `cluster`. */
  readonly without: readonly string[]
  /** The command that completes it. */
  readonly command: string
}
