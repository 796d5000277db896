/** Which tier a reset takes away, where the command line leaves that open. Pure. */
import type { Tier } from '../../engine/tier.ts'
import { QuorateError } from '../../errors.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'

/** As on the command line. No tier of the engine's: other products stand on it. */
export const ETCD_TIER = 'etcd'

export interface AskedReset {
  /** Name of a node; undefined: all. */
  readonly node?: string | undefined
  /** Name of a tier. */
  readonly tier?: string | undefined
}

/** @returns the tier's name. @throws QuorateError `usage` where nothing says which */
export function chooseTier(cluster: Cluster, tiers: readonly Tier[], { node, tier }: AskedReset): string {
  if (tier !== undefined) return known(tiers, tier)
  if (node === undefined) {
    // Without etcd what stands on it would only fail.
    const above = tiers.filter((one) => one.after.includes(ETCD_TIER) && nodesOf(cluster, one).length > 0)
    if (above.length === 0) return ETCD_TIER
    const commands = [...above.map(({ name }) => name), ETCD_TIER].map(
      (name) => `quorate reset --tier ${name}`,
    )
    throw new QuorateError('usage', `${above[0]?.name} stands on etcd: say which of them is reset`, {
      hint: `in this order: ${commands.join(', then ')}`,
    })
  }
  const found = cluster.nodes.find(({ name }) => name === node)
  if (found === undefined) return ETCD_TIER
  const own = tiers.filter((one) => nodesOf(cluster, one).includes(found))
  const tops = own.filter(({ name }) => own.every(({ after }) => !after.includes(name)))
  const choices = [...tops.map(({ name }) => name), ...(found.roles.includes('etcd') ? [ETCD_TIER] : [])]
  if (choices.length < 2) return choices[0] ?? ETCD_TIER
  throw new QuorateError('usage', `${node} carries ${choices.join(' and ')}: say which is reset`, {
    hint: choices.map((name) => `quorate reset ${node} --tier ${name}`).join(', or '),
  })
}

/** The nodes on which a tier has anything that could be reset. */
export function nodesOf(cluster: Cluster, { reset }: Pick<Tier, 'reset'>): readonly Node[] {
  return cluster.nodes.filter((node) => reset?.concerns(cluster, node) === true)
}

function known(tiers: readonly Tier[], tier: string): string {
  const names = [ETCD_TIER, ...tiers.filter(({ reset }) => reset !== undefined).map(({ name }) => name)]
  if (names.includes(tier)) return tier
  throw new QuorateError('usage', `'${tier}' is no tier that can be reset`, {
    hint: `tiers: ${names.join(', ')}`,
  })
}
