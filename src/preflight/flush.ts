/** Checks that the disk is fast enough for etcd's write-ahead log (WAL). */
import type { Node } from '../spec/cluster.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'
import { counted, formatDuration } from '../spec/units.ts'

/** etcd's hardware guide: the 99th percentile of WAL flushes below 10 ms. */
const WANTED_P99_MS = 10

/** etcd's default heartbeat interval. If half of the flushes take longer, leaders keep losing their followers. */
const HEARTBEAT_MS = 100

export function judgeFlushes(node: Node, { flushes }: HostFacts, walDirectory: string): Check {
  const check = judge(node.name, 'flush', 'Disk flush')
  const wanted = `99 % within ${WANTED_P99_MS} ms`
  const { latenciesMs, trouble } = flushes
  if (trouble !== undefined || latenciesMs.length === 0) {
    return check.failure({
      found: trouble ?? 'no write finished within 2 s',
      wanted,
      remedy: `check the disk that holds ${walDirectory}: quorate must be able to write to it`,
    })
  }
  const p99 = percentile(latenciesMs, 0.99)
  const median = percentile(latenciesMs, 0.5)
  const found = `p99 ${formatDuration(p99)}, median ${formatDuration(median)}, ${counted(latenciesMs.length, 'write')}`
  const remedy = `put ${walDirectory} on a faster disk (SSD) that no busy process shares; measure longer with: fio --fdatasync=1`
  if (median > HEARTBEAT_MS) return check.failure({ found, wanted, remedy })
  return p99 > WANTED_P99_MS ? check.warning({ found, wanted, remedy }) : check.ok({ found, wanted })
}

/** Nearest-rank percentile. Of 50 values the 99th percentile is the largest. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
