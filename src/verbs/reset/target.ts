/** The scope of a tier reset: which tiers, which nodes, and what is asked of them. */
import type { Tier } from '../../engine/tier.ts'
import type { ResetRequest, TierReset } from '../../engine/tier-reset.ts'
import { looksFor } from '../../host/observe.ts'
import type { Look } from '../../host/operations.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'

/** A tier that can be reset. */
export interface Resettable extends Tier {
  readonly reset: TierReset
}

export interface Target {
  readonly tiers: readonly Resettable[]
  readonly request: ResetRequest
}

/** What a node is asked before and after. */
export function looksOf(cluster: Cluster, node: Node, { tiers }: Pick<Target, 'tiers'>): readonly Look[] {
  return [
    ...looksFor(cluster, node, tiers),
    ...tiers.flatMap(({ reset }) => reset.looks?.(cluster, node) ?? []),
  ]
}

export function extensionOf({ tiers }: Pick<Target, 'tiers'>): string {
  return tiers.map(({ reset }) => reset.extension ?? '').join('')
}
