/** What an operator asks for. */
import type { Cluster } from '../spec/cluster.ts'

/** Bring the machines to what the cluster file says. */
export interface ApplyIntent {
  readonly kind: 'apply'
  readonly cluster: Cluster
  /**
   * The initial-cluster-token should a new cluster be made: `<cluster name>-<random>`. It goes into every member's ID,
   * so two clusters with one token could take each other's members for their own.
   */
  readonly freshToken: string
  /** How far to go: only until every key and request waits on its node, or all the way. */
  readonly until: 'requests' | 'done'
}
