/** What is asked for with a restore, as its planner takes it. */
import type { Cluster } from '../../spec/cluster.ts'
import type { RestoreIdentity } from '../../tiers/etcd/steps/restore.ts'

export interface RestoreIntent {
  readonly kind: 'restore'
  readonly cluster: Cluster
  readonly restore: RestoreIdentity
  /** Absolute path of the snapshot on this computer, with etcd's sum at its end. */
  readonly snapshotFile: string
  readonly sizeBytes: number
  /** Further options of `etcdutl snapshot restore`. */
  readonly options: readonly string[]
  /** Names of nodes that are left out: taken out of `cluster` already. */
  readonly without: readonly string[]
  /** What finishes it, as it is typed. */
  readonly command: string
}
