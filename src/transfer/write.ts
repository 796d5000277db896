/** Writes a range of keys as the lines of an export, with leases and a checksum. */
import { createHash } from 'node:crypto'
import type { MemberClient } from '../etcd/client.ts'
import { formatId } from '../etcd/id.ts'
import { Lease } from '../etcd/gen/lease_pb.ts'
import { askAny } from './ask.ts'
import {
  type ExportLine,
  type ExportedLease,
  type ExportedRange,
  FORMAT,
  FORMAT_VERSION,
  formatLine,
} from './format.ts'
import { boundsOf } from './range.ts'
import { type RangeStart, readRange } from './read-range.ts'

export interface ExportSource {
  readonly clients: readonly MemberClient[]
  /** The cluster's name. */
  readonly cluster: string
  readonly range: ExportedRange
  readonly start: RangeStart
  readonly time: Date
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((keys: number) => void) | undefined
}

export interface ExportTotals {
  readonly keys: number
  readonly leases: number
  readonly bytes: number
  /** Hex, as in the last line. */
  readonly sha256: string
}

/** Yields text, a page at a time, and returns the totals. @throws QuorateError `moved`, `etcd`, `cancelled` */
export async function* writeExport(source: ExportSource): AsyncGenerator<string, ExportTotals, undefined> {
  const { clients, cluster, range, start, time, signal, onProgress } = source
  const sum = createHash('sha256')
  const leases = new Set<bigint>()
  let [keys, bytes] = [0, 0]
  const written = (lines: readonly ExportLine[]) => {
    const text = lines.map(formatLine).join('')
    sum.update(text)
    bytes += Buffer.byteLength(text)
    return text
  }
  const header = {
    format: FORMAT,
    version: FORMAT_VERSION,
    cluster,
    clusterId: formatId(start.clusterId),
    revision: String(start.revision),
    time: time.toISOString(),
    range,
  } as const
  yield written([{ kind: 'header', header }])
  for await (const page of readRange(clients, boundsOf(range), start.revision, signal)) {
    const found = new Set(page.map(({ lease }) => lease).filter((id) => id !== 0n && !leases.has(id)))
    const met = new Map<bigint, ExportedLease>()
    for (const lease of await readLeases(clients, [...found], signal)) met.set(lease.id, lease)
    const lines: ExportLine[] = []
    for (const entry of page) {
      const lease = leases.has(entry.lease) ? undefined : met.get(entry.lease)
      if (lease !== undefined) {
        leases.add(lease.id)
        lines.push({ kind: 'lease', lease })
      }
      lines.push({ kind: 'key', entry })
    }
    yield written(lines)
    keys += page.length
    onProgress?.(keys)
  }
  const end = { keys, leases: leases.size, sha256: sum.digest('hex') }
  const last = formatLine({ kind: 'end', end })
  yield last
  return { ...end, bytes: bytes + Buffer.byteLength(last) }
}

/** How many leases are requested at once. */
const AT_ONCE = 32

async function readLeases(
  clients: readonly MemberClient[],
  ids: readonly bigint[],
  signal?: AbortSignal,
): Promise<readonly ExportedLease[]> {
  const found: ExportedLease[] = []
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const some = ids.slice(from, from + AT_ONCE)
    found.push(...(await Promise.all(some.map(async (id) => await readLease(clients, id, signal)))))
  }
  return found
}

async function readLease(
  clients: readonly MemberClient[],
  id: bigint,
  signal?: AbortSignal,
): Promise<ExportedLease> {
  const ask = async (one: MemberClient) => await one.call(Lease.method.leaseTimeToLive, { id }, { signal })
  const { ttl, grantedTtl } = await askAny(clients, ask, signal)
  return { id, grantedSeconds: grantedTtl, secondsLeft: ttl }
}
