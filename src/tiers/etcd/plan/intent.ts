/** What an operator asks for. */
import type { Tier } from '../../../engine/tier.ts'
import type { Cluster } from '../../../spec/cluster.ts'

/** Bring the nodes to the state of the cluster file. */
export interface ApplyIntent {
  readonly kind: 'apply'
  readonly cluster: Cluster
  /**
   * The initial-cluster-token for a new cluster: `<cluster name>-<random>`. It is part of every member's ID. With the
   * same token, members of two clusters could be mistaken for each other.
   */
  readonly freshToken: string
  /** Suffix of renamed files: `20260730T101112Z`, the time of the request. */
  readonly stamp: string
  /** Members to replace on the same node: their data is lost or damaged, and is renamed. By node, the ID of the old member. */
  readonly replace?: Readonly<Record<string, string>> | undefined
  /** Also starts members stopped with `quorate stop`; otherwise they stay stopped. */
  readonly startStopped?: boolean | undefined
  /** etcd's version may change, one member a stage. Without it, members with a version other than the file's are refused. */
  readonly upgrade?: UpgradePermit | undefined
  /** Replaces certificates of the previous CA; otherwise they stay, as long as both CAs are trusted. */
  readonly reissue?: boolean | undefined
  /** Removes a CA that members trust and that is not in the state directory; otherwise that is a reason to refuse. */
  readonly dropTrust?: boolean | undefined
  /** The command whose markers aren't a reason to refuse, because it is the running one: `recover`, `restore`. */
  readonly finishes?: string | undefined
  /** Products to set up together with etcd; none: they are not changed. */
  readonly beside?: readonly Tier[] | undefined
  /** Stops when every key and request waits on its node, or only at the end. */
  readonly until: 'requests' | 'done'
}

export interface UpgradePermit {
  /** How long to watch the first members of the new version before the others follow, in s; 0: not at all. */
  readonly canarySeconds: number
  /** Rollback: a member that is unhealthy with the new version goes first, instead of being waited for. */
  readonly back: boolean
  /** Cancels an enabled downgrade once every member runs the wanted version. */
  readonly cancels?: boolean | undefined
}
