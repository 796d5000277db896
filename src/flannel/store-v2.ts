/** Stores the same configuration through etcd's v2 API, the only one that flannel before 0.18 reads. */
import type { V2Client } from '../etcd/v2.ts'
import type { FlannelNetwork } from '../spec/cluster.ts'
import { refuseChange, unsafeChanges } from './change.ts'
import { canonicalText, renderConfig } from './config.ts'
import { parseLease } from './leases.ts'
import { configKey, notReadBack, type StoredNetwork, type WriteOptions } from './store.ts'

/** What is stored in v2; undefined: nothing. v2 and v3 have separate keys. */
export async function readNetworkV2(client: V2Client, prefix: string): Promise<StoredNetwork | undefined> {
  const found = await client.get(configKey(prefix))
  if (found === undefined) return undefined
  return { text: found.value, canonical: canonicalText(found.value), modified: BigInt(found.modifiedIndex) }
}

/**
 * As `writeNetwork`. v2 has no transactions: a subnet that a node takes during the write is not detected.
 *
 * @throws QuorateError `flannel`, `moved` or `etcd`, as there.
 */
export async function writeNetworkV2(
  client: V2Client,
  { prefix, config }: FlannelNetwork,
  { names }: Pick<WriteOptions, 'names'> = {},
): Promise<{ readonly changed: boolean }> {
  const text = renderConfig(config)
  const before = await readNetworkV2(client, prefix)
  if (before?.canonical === text) return { changed: false }
  const changes = unsafeChanges(before?.text, config)
  if (changes.length > 0) {
    const entries = await client.list(`${prefix}/subnets`)
    const leases = entries.map(({ key, value }) => parseLease(key, value, false))
    if (leases.length > 0) throw refuseChange(changes, leases, prefix, names)
  }
  await client.put(configKey(prefix), text, before && Number(before.modified))
  const after = await readNetworkV2(client, prefix)
  if (after?.text !== text) throw notReadBack(client.name, configKey(prefix), after?.text)
  return { changed: true }
}
