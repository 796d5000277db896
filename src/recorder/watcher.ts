/** One watch over all keys that the recorder writes, continued where it ended, as an ordinary client does. */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { Event_EventType, Watch, type WatchResponse } from '../etcd/gen/watch_pb.ts'
import { fromUtf8, prefixEnd, utf8 } from '../etcd/keys.ts'
import type { Endpoints } from './endpoints.ts'
import type { Ledger } from './ledger.ts'
import { storedIn } from './put.ts'

/** If an event is later than its write's acknowledgement by this much, the stream has stalled. In ms. */
const STALLED_MS = 2_000

const LOOK_MS = 250
const PAUSE_MS = 100

export interface WatcherOptions {
  readonly endpoints: Endpoints
  readonly ledger: Ledger
  readonly prefix: string
  /** The first revision to show. */
  readonly from: bigint
  readonly laneOf: (key: string) => number | undefined
  readonly monotonic: () => number
  readonly signal: AbortSignal
  /** Called each time that the watch was continued on a new stream. */
  readonly onResume: () => void
}

/** Watches until the signal. Never throws: continues on another member if a stream fails. */
export async function watchAll(options: WatcherOptions): Promise<void> {
  const { endpoints, signal } = options
  let member: MemberClient | undefined
  for (let first = true; !signal.aborted; first = false) {
    if (!first) options.onResume()
    try {
      member = endpoints.choose(member)
      await watchOnce(member, options)
    } catch (error) {
      if (signal.aborted) return
      if (member !== undefined) endpoints.failed(member.name, error)
    }
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** Runs until the stream ends, stalls or fails. */
async function watchOnce(member: MemberClient, options: WatcherOptions): Promise<void> {
  const { ledger, prefix, from, monotonic } = options
  const still = new AbortController()
  const opened = monotonic()
  const watchdog = setInterval(() => {
    // A new stream gets its time as well.
    const owed = Math.max(ledger.owedSinceMs() ?? Infinity, opened)
    if (monotonic() - owed > STALLED_MS) {
      still.abort(new QuorateError('etcd', 'the watch stands still', { host: member.name }))
    }
  }, LOOK_MS)
  const start = ledger.watched >= from ? ledger.watched + 1n : from
  const create = { key: utf8(prefix), rangeEnd: prefixEnd(prefix), startRevision: start }
  try {
    const stream = member.stream(
      Watch.method.watch,
      { requestUnion: { case: 'createRequest', value: create } },
      { timeoutMs: 0, signal: AbortSignal.any([options.signal, still.signal]) },
    )
    for await (const response of stream) if (take(response, options)) return
  } catch (error) {
    throw still.signal.aborted ? still.signal.reason : error
  } finally {
    clearInterval(watchdog)
  }
}

/** @returns whether the watch is over. */
function take(response: WatchResponse, { ledger, laneOf, monotonic }: WatcherOptions): boolean {
  for (const { type, kv } of response.events) {
    const lane = kv && laneOf(fromUtf8(kv.key))
    if (lane === undefined || kv === undefined) continue
    if (type === Event_EventType.DELETE) ledger.removed(lane, kv.modRevision)
    else ledger.event(lane, storedIn(kv), monotonic())
  }
  if (response.compactRevision > 0n) ledger.compacted(response.compactRevision)
  return response.canceled
}
