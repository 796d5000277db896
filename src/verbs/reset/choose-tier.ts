/** Chooses the tier to reset if the command line doesn't name one. Pure. */
import type { Tier } from '../../engine/tier.ts'
import { QuorateError } from '../../errors.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'

/** As on the command line. Not an engine tier: other tiers depend on it. */
export const ETCD_TIER = 'etcd'

export interface AskedReset {
  /** Name of a node; undefined: all. */
  readonly node?: string | undefined
  /** Name of a tier. */
  readonly tier?: string | undefined
}

/** @returns the tier's name. @throws QuorateError `usage` if the choice is ambiguous */
export function chooseTier(cluster: Cluster, tiers: readonly Tier[], { node, tier }: AskedReset): string {
  if (tier !== undefined) return known(tiers, tier)
  if (node === undefined) {
    // Without etcd, the tiers that depend on it would fail.
    const above = tiers.filter((one) => one.after.includes(ETCD_TIER) && nodesOf(cluster, one).length > 0)
    if (above.length === 0) return ETCD_TIER
    const commands = [...above.map(({ name }) => name), ETCD_TIER].map(
      (name) => `quorate reset --tier ${name}`,
    )
    throw new QuorateError('usage', `can't reset etcd alone: ${above[0]?.name} depends on it`, {
      id: 'tier-depends-on-etcd',
      hint: `reset them in this order: ${commands.join(', then ')}`,
    })
  }
  const found = cluster.nodes.find(({ name }) => name === node)
  if (found === undefined) return ETCD_TIER
  const own = tiers.filter((one) => nodesOf(cluster, one).includes(found))
  const tops = own.filter(({ name }) => own.every(({ after }) => !after.includes(name)))
  const choices = [...tops.map(({ name }) => name), ...(found.roles.includes('etcd') ? [ETCD_TIER] : [])]
  if (choices.length < 2) return choices[0] ?? ETCD_TIER
  throw new QuorateError('usage', `${node} runs ${choices.join(' and ')}: choose which one to reset`, {
    id: 'several-tiers',
    hint: `run ${choices.map((name) => `quorate reset ${node} --tier ${name}`).join(', or ')}`,
  })
}

/** The nodes where a tier has something to reset. */
export function nodesOf(cluster: Cluster, { reset }: Pick<Tier, 'reset'>): readonly Node[] {
  return cluster.nodes.filter((node) => reset?.concerns(cluster, node) === true)
}

function known(tiers: readonly Tier[], tier: string): string {
  const names = [ETCD_TIER, ...tiers.filter(({ reset }) => reset !== undefined).map(({ name }) => name)]
  if (names.includes(tier)) return tier
  throw new QuorateError('usage', `'${tier}' is not a tier that can be reset`, {
    id: 'no-such-tier',
    hint: `use one of the tiers: ${names.join(', ')}`,
  })
}
