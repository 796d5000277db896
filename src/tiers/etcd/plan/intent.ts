/** What an operator asks for. */
import type { Tier } from '../../../engine/tier.ts'
import type { Cluster } from '../../../spec/cluster.ts'

/** Bring the machines to what the cluster file says. */
export interface ApplyIntent {
  readonly kind: 'apply'
  readonly cluster: Cluster
  /**
   * The initial-cluster-token should a new cluster be made: `<cluster name>-<random>`. It goes into every member's ID,
   * so two clusters with one token could take each other's members for their own.
   */
  readonly freshToken: string
  /** Ends the name of what is moved aside: `20260730T101112Z`, the time at which this was asked for. */
  readonly stamp: string
  /** Members to make anew on the same node: their data is lost or unfit, and moved aside. By node, the ID of the member that goes. */
  readonly replace?: Readonly<Record<string, string>> | undefined
  /** Members that `quorate stop` stopped are started, too; otherwise they stay as they are. */
  readonly startStopped?: boolean | undefined
  /** etcd's version may change, one member a wave. Without it members of another version than the file's are refused. */
  readonly upgrade?: UpgradePermit | undefined
  /** Certificates from the CA that signed before are issued anew; otherwise they stay, as long as both are trusted. */
  readonly reissue?: boolean | undefined
  /** A CA that members trust and that is not kept here any more is dropped; otherwise it is a reason to stop. */
  readonly dropTrust?: boolean | undefined
  /** The verb of marks that are no reason to stop, because it is the one at work: `recover`, `restore`. */
  readonly finishes?: string | undefined
  /** Products that are set up together with etcd; none: they stay as they are. */
  readonly beside?: readonly Tier[] | undefined
  /** How far to go: only until every key and request waits on its node, or all the way. */
  readonly until: 'requests' | 'done'
}

export interface UpgradePermit {
  /** Seconds for which the first members of the new version are watched before the others follow; 0: not at all. */
  readonly canarySeconds: number
  /** Back to where they came from: a member that the new version made sick goes first, instead of being waited for. */
  readonly back: boolean
  /** A downgrade to the minor before that is enabled is canceled once every member runs the wanted version. */
  readonly cancels?: boolean | undefined
}
