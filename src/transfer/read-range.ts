/** All keys of a range at one revision, page by page, for any number of keys. */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { failureKind } from '../etcd/failure.ts'
import { KV } from '../etcd/gen/kv_pb.ts'
import { askAny } from './ask.ts'
import type { ExportedKey } from './format.ts'
import { type KeyBounds, keyAfter } from './range.ts'

/** Keys of the first page, and of a page at most. */
const FIRST_PAGE = 16
const LARGEST_PAGE = 1_000
/** The target size of a page in bytes, estimated from the largest value so far. */
const PAGE_BYTES = 16 * 1024 ** 2

export interface RangeStart {
  readonly clusterId: bigint
  /** The revision that everything is read at. */
  readonly revision: bigint
  /** The number of keys at that revision. */
  readonly count: number
}

/**
 * The revision to read at: `revision`, or else the newest, which includes everything that was acknowledged until now.
 *
 * @throws QuorateError `usage` for a future revision; `moved` for a compacted one; `etcd`.
 */
export async function startRange(
  clients: readonly MemberClient[],
  bounds: KeyBounds,
  revision: bigint | undefined,
  signal?: AbortSignal,
): Promise<RangeStart> {
  const request = { ...bounds, countOnly: true }
  const newest = await askAny(
    clients,
    async (one) => await one.call(KV.method.range, request, { signal }),
    signal,
  )
  const [clusterId, now] = [newest.header?.clusterId ?? 0n, newest.header?.revision ?? 0n]
  if (revision === undefined || revision === now)
    return { clusterId, revision: now, count: Number(newest.count) }
  if (revision > now) {
    throw new QuorateError('usage', `there is no revision ${revision} yet: the newest is ${now}`, {
      hint: 'without --revision the newest is taken',
    })
  }
  const then = await readAt(clients, { ...request, revision }, signal)
  return { clusterId, revision, count: Number(then.count) }
}

/** In byte order of the keys. @throws QuorateError `moved` if the revision is compacted while it is read; `etcd`. */
export async function* readRange(
  clients: readonly MemberClient[],
  { key: first, rangeEnd }: KeyBounds,
  revision: bigint,
  signal?: AbortSignal,
): AsyncGenerator<readonly ExportedKey[], void, undefined> {
  let key = first
  let limit = FIRST_PAGE
  let largest = 1
  for (;;) {
    const page = await readAt(clients, { key, rangeEnd, revision, limit: BigInt(limit) }, signal)
    if (page.kvs.length > 0) {
      yield page.kvs.map((kv) => ({
        key: new Uint8Array(kv.key),
        value: new Uint8Array(kv.value),
        createRevision: kv.createRevision,
        modRevision: kv.modRevision,
        version: kv.version,
        lease: kv.lease,
      }))
    }
    const last = page.kvs.at(-1)
    if (!page.more || last === undefined) return
    key = keyAfter(last.key)
    for (const kv of page.kvs) largest = Math.max(largest, kv.key.length + kv.value.length)
    limit = Math.max(1, Math.min(limit * 2, LARGEST_PAGE, Math.floor(PAGE_BYTES / largest)))
  }
}

async function readAt(
  clients: readonly MemberClient[],
  request: KeyBounds & { readonly revision: bigint; readonly limit?: bigint; readonly countOnly?: boolean },
  signal?: AbortSignal,
) {
  try {
    return await askAny(clients, async (one) => await one.call(KV.method.range, request, { signal }), signal)
  } catch (error) {
    if (failureKind(error) !== 'out-of-range') throw error
    throw new QuorateError(
      'moved',
      `revision ${request.revision} is gone: the history up to it was compacted`,
      {
        id: 'compacted-revision',
        hint: 'omit --revision to read the newest one. API servers compact older history every 5 minutes. Export a range that takes longer in parts (--prefix), or run quorate backup',
        cause: error,
      },
    )
  }
}
