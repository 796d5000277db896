/** The keys of an export as they should be in the target, in batches that fit into one transaction. */
import { QuorateError } from '../errors.ts'
import type { ExportLine, ExportedKey, ExportedLease } from './format.ts'
import { asText } from './text.ts'

/** etcd accepts 128 operations a transaction (`max-txn-ops`) and 1.5 MiB a request (`max-request-bytes`) by default. */
const MOST_KEYS = 100
const MOST_BYTES = 1024 ** 2

export interface Wanted {
  readonly key: Uint8Array<ArrayBuffer>
  readonly value: Uint8Array<ArrayBuffer>
  /** In the export; undefined: none. */
  readonly lease: ExportedLease | undefined
}

export interface Mapping {
  /** The prefix that every key must have. */
  readonly from: string
  /** The prefix that replaces it. */
  readonly to: string
}

export interface MappingOptions {
  readonly mapping?: Mapping | undefined
  /** Keys are written without their leases, and stay. */
  readonly withoutLeases?: boolean | undefined
}

/** @throws QuorateError `usage` for a key without the required prefix. */
export async function* batchesOf(
  lines: AsyncIterable<ExportLine>,
  { mapping, withoutLeases = false }: MappingOptions,
): AsyncGenerator<readonly Wanted[], void, undefined> {
  const leases = new Map<bigint, ExportedLease>()
  let batch: Wanted[] = []
  let bytes = 0
  for await (const line of lines) {
    if (line.kind === 'lease') leases.set(line.lease.id, line.lease)
    if (line.kind !== 'key') continue
    const { entry } = line
    const key = mapping === undefined ? entry.key : mapped(entry.key, mapping)
    const lease = withoutLeases || entry.lease === 0n ? undefined : leases.get(entry.lease)
    const size = key.length + entry.value.length
    if (batch.length > 0 && (batch.length === MOST_KEYS || bytes + size > MOST_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push({ key, value: entry.value, lease })
    bytes += size
  }
  if (batch.length > 0) yield batch
}

function mapped(key: ExportedKey['key'], { from, to }: Mapping): Uint8Array<ArrayBuffer> {
  const [old, now] = [Buffer.from(from), Buffer.from(to)]
  if (!Buffer.from(key).subarray(0, old.length).equals(old)) {
    throw new QuorateError('usage', `the key ${nameOf(key)} does not begin with ${JSON.stringify(from)}`, {
      hint: 'give a --prefix-from that every key in the file begins with; to import only some keys, export those with --prefix',
    })
  }
  const there = new Uint8Array(Buffer.concat([now, Buffer.from(key).subarray(old.length)]))
  if (there.length > 0) return there
  throw new QuorateError('usage', `the key ${nameOf(key)} would have no name left`, {
    hint: 'give a --prefix-to, or a shorter --prefix-from',
  })
}

/** A key as it is shown to the operator. */
export function nameOf(key: Uint8Array): string {
  const text = asText(key)
  return text === undefined ? `base64:${Buffer.from(key).toString('base64')}` : JSON.stringify(text)
}
