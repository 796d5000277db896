/** Reads flannel's configuration from etcd, and writes it so that no node keeps a different one. */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { Compare_CompareResult, Compare_CompareTarget, KV } from '../etcd/gen/kv_pb.ts'
import { fromUtf8, prefixEnd, utf8 } from '../etcd/keys.ts'
import type { FlannelNetwork } from '../spec/cluster.ts'
import { refuseChange, unsafeChanges } from './change.ts'
import { canonicalText, renderConfig } from './config.ts'
import { leasesPrefix, listLeases } from './leases.ts'

export interface StoredNetwork {
  /** As stored. */
  readonly text: string
  /** As `renderConfig` writes it, for comparison; undefined: not a configuration. */
  readonly canonical: string | undefined
  /** etcd's revision (v3) or index (v2) of its last change. */
  readonly modified: bigint
}

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined
  /** Node names by address, to report who holds a subnet. */
  readonly names?: ReadonlyMap<string, string> | undefined
}

/** `/coreos.com/network/config`. */
export function configKey(prefix: string): string {
  return `${prefix}/config`
}

/** What is stored, read linearizably; undefined: nothing. */
export async function readNetwork(
  client: MemberClient,
  prefix: string,
  signal?: AbortSignal,
): Promise<StoredNetwork | undefined> {
  const { kvs } = await client.call(KV.method.range, { key: utf8(configKey(prefix)) }, { signal })
  const [found] = kvs
  if (found === undefined) return undefined
  const text = fromUtf8(found.value)
  return { text, canonical: canonicalText(text), modified: found.modRevision }
}

/**
 * Stores the configuration and reads it back. Writes nothing if the same is already stored, in whatever order of keys;
 * `changed` says which.
 *
 * @throws QuorateError `flannel` for a change that must not be made while nodes hold subnets; `moved` if another client
 *   changed the configuration, or a node took a subnet, in between; `etcd` if it can't be read back as written.
 */
export async function writeNetwork(
  client: MemberClient,
  network: FlannelNetwork,
  { signal, names }: WriteOptions = {},
): Promise<{ readonly changed: boolean }> {
  const { prefix, config } = network
  const text = renderConfig(config)
  const before = await readNetwork(client, prefix, signal)
  if (before?.canonical === text) return { changed: false }
  const changes = unsafeChanges(before?.text, config)
  if (changes.length > 0) {
    const leases = await listLeases(client, prefix, signal)
    if (leases.length > 0) throw refuseChange(changes, leases, prefix, names)
  }
  await putUnchanged(client, prefix, text, before, changes.length > 0, signal)
  const after = await readNetwork(client, prefix, signal)
  if (after?.text !== text) throw notReadBack(client.name, configKey(prefix), after?.text)
  return { changed: true }
}

export function notReadBack(host: string, key: string, found: string | undefined): QuorateError {
  const what = found === undefined ? 'is missing' : `reads ${found}`
  return new QuorateError('etcd', `${key} was written, but ${what} afterwards`, {
    host,
    hint: 'check with quorate status that etcd is healthy, and that no other tool writes this key',
  })
}

/** Writes only if the configuration is still the one that was checked and, if that matters, no node holds a subnet. */
async function putUnchanged(
  client: MemberClient,
  prefix: string,
  text: string,
  before: StoredNetwork | undefined,
  withoutLeases: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const key = utf8(configKey(prefix))
  const folder = leasesPrefix(prefix)
  const unchanged = {
    key,
    result: Compare_CompareResult.EQUAL,
    target: Compare_CompareTarget.MOD,
    targetUnion: { case: 'modRevision' as const, value: before?.modified ?? 0n },
  }
  // This condition is checked for every key in the range. No key has create revision 0, so it holds only if the range
  // is empty.
  const unheld = {
    key: utf8(folder),
    rangeEnd: prefixEnd(folder),
    result: Compare_CompareResult.EQUAL,
    target: Compare_CompareTarget.CREATE,
    targetUnion: { case: 'createRevision' as const, value: 0n },
  }
  const { succeeded } = await client.call(
    KV.method.txn,
    {
      compare: withoutLeases ? [unchanged, unheld] : [unchanged],
      success: [{ request: { case: 'requestPut', value: { key, value: utf8(text) } } }],
    },
    { signal },
  )
  if (succeeded) return
  throw new QuorateError(
    'moved',
    `${configKey(prefix)} was changed, or a node took a subnet, while it was being written`,
    {
      host: client.name,
      hint: 'rerun: quorate plan',
    },
  )
}
