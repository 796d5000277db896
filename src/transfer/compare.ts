/** Compares the wanted keys with those in the cluster. */
import type { MemberClient } from '../etcd/client.ts'
import { KV } from '../etcd/gen/kv_pb.ts'
import { askAny } from './ask.ts'
import { type Wanted, nameOf } from './batches.ts'
import { type Leases, hasEnded } from './leases.ts'

/**
 * `new`: the key doesn't exist. `same`: it exists with this value, and with this lease or none. `different`: it exists
 * with another value or lease. `ended`: its lease had expired when it was exported, so the key must not exist.
 */
export type Standing = 'new' | 'same' | 'different' | 'ended'

export interface Compared {
  readonly wanted: Wanted
  readonly standing: Standing
  /** Of the last change; 0: it doesn't exist. */
  readonly modRevision: bigint
}

/** All of one batch at one revision, linearizably. @throws QuorateError `etcd` */
export async function compareBatch(
  clients: readonly MemberClient[],
  batch: readonly Wanted[],
  leases: Leases,
  signal?: AbortSignal,
): Promise<readonly Compared[]> {
  const success = batch.map(({ key }) => ({ request: { case: 'requestRange' as const, value: { key } } }))
  const ask = async (one: MemberClient) => await one.call(KV.method.txn, { success }, { signal })
  const { responses } = await askAny(clients, ask, signal)
  return batch.map((wanted, index): Compared => {
    const answer = responses[index]?.response
    const [found] = answer?.case === 'responseRange' ? answer.value.kvs : []
    const modRevision = found?.modRevision ?? 0n
    if (hasEnded(wanted.lease)) return { wanted, standing: 'ended', modRevision }
    if (found === undefined) return { wanted, standing: 'new', modRevision }
    const same = Buffer.compare(found.value, wanted.value) === 0 && found.lease === leases.idOf(wanted.lease)
    return { wanted, standing: same ? 'same' : 'different', modRevision }
  })
}

export interface Comparison {
  readonly new: number
  readonly same: number
  readonly different: number
  readonly ended: number
  /** Bytes of keys and values that are new or different. */
  readonly bytes: number
  /** Some of the different ones, as shown to the operator. */
  readonly examples: readonly string[]
}

const EXAMPLES = 5

/** The total of all batches. @throws QuorateError as `batches`, and `etcd` */
export async function compareAll(
  clients: readonly MemberClient[],
  batches: AsyncIterable<readonly Wanted[]>,
  leases: Leases,
  {
    signal,
    onProgress,
  }: { readonly signal?: AbortSignal; readonly onProgress?: (keys: number) => void } = {},
): Promise<Comparison> {
  const counts = { new: 0, same: 0, different: 0, ended: 0 }
  const examples: string[] = []
  let [keys, bytes] = [0, 0]
  for await (const batch of batches) {
    for (const { wanted, standing } of await compareBatch(clients, batch, leases, signal)) {
      counts[standing] += 1
      if (standing === 'new' || standing === 'different') bytes += wanted.key.length + wanted.value.length
      if (standing === 'different' && examples.length < EXAMPLES) examples.push(nameOf(wanted.key))
    }
    keys += batch.length
    onProgress?.(keys)
  }
  return { ...counts, bytes, examples }
}
