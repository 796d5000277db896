/** Checks that the clocks of the nodes agree with each other and with the workstation's. */
import { CLOCK_TOLERANCE_MS } from '../pki/authority.ts'
import { type Check, judge } from './checks.ts'
import { formatDuration } from '../spec/units.ts'

/** The difference between a node's clock and the workstation's. The round trip limits how exactly it is known. */
export interface ClockReading {
  /** Positive: the node is ahead. Milliseconds. */
  readonly offsetMs: number
  /** The true offset is within this of `offsetMs`. */
  readonly uncertaintyMs: number
}

/** etcd's peers warn about clock differences of 1 s and more (rafthttp, "prober found high clock drift"). */
export const WARNING_MS = 1000

/**
 * Above this difference a node may refuse new certificates: they are valid from `CLOCK_TOLERANCE_MS` before
 * they are issued. The rest of that margin is reserved for future drift.
 */
export const FAILURE_MS = CLOCK_TOLERANCE_MS / 5

const REMEDY =
  'set the clock and synchronize it: apt-get install chrony (or systemd-timesyncd), then check timedatectl'

/**
 * Compares each node with the median node, and the median node with the workstation. Raft doesn't depend on
 * clocks; TLS, logs and users of leases do.
 */
export function judgeClocks(readings: ReadonlyMap<string, ClockReading>): Check[] {
  const middle = middleReading([...readings.values()])
  if (middle === undefined) return []
  const checks = [...readings].map(([host, reading]) => {
    const difference = reading.offsetMs - middle.offsetMs
    const uncertainty = reading === middle ? 0 : reading.uncertaintyMs + middle.uncertaintyMs
    const found = readings.size === 1 ? 'the only node' : describe(difference, uncertainty, 'the others')
    return rate(host, 'clock', 'Clock', found, Math.abs(difference) - uncertainty, 'the others')
  })
  const found = describe(middle.offsetMs, middle.uncertaintyMs, 'the workstation')
  const excess = Math.abs(middle.offsetMs) - middle.uncertaintyMs
  return [...checks, rate(undefined, 'clock-here', 'Clock of the nodes', found, excess, 'the workstation')]
}

function rate(
  host: string | undefined,
  id: string,
  title: string,
  found: string,
  excessMs: number,
  reference: string,
): Check {
  const check = judge(host, id, title)
  const remedy =
    host === undefined ? `find out which clock is wrong, the nodes' or the workstation's; ${REMEDY}` : REMEDY
  if (excessMs > FAILURE_MS) {
    const wanted = `within ${formatDuration(FAILURE_MS)} of ${reference}, for certificates to be valid`
    return check.failure({ found, wanted, remedy })
  }
  const wanted = `within ${formatDuration(WARNING_MS)} of ${reference}`
  return excessMs > WARNING_MS ? check.warning({ found, wanted, remedy }) : check.ok({ found, wanted })
}

function describe(offsetMs: number, uncertaintyMs: number, reference: string): string {
  if (Math.abs(offsetMs) <= Math.max(uncertaintyMs, 1))
    return `the same as ${reference}, within ${formatDuration(Math.max(uncertaintyMs, 1))}`
  const direction = offsetMs > 0 ? 'ahead of' : 'behind'
  return `${formatDuration(Math.abs(offsetMs))} ${direction} ${reference} (± ${formatDuration(uncertaintyMs)})`
}

/** The median. Of an even number of readings, the middle one that is nearer to the workstation's clock. */
function middleReading(readings: readonly ClockReading[]): ClockReading | undefined {
  const sorted = readings.toSorted((a, b) => a.offsetMs - b.offsetMs)
  const low = sorted[Math.floor((sorted.length - 1) / 2)]
  const high = sorted[Math.floor(sorted.length / 2)]
  if (low === undefined || high === undefined) return undefined
  return Math.abs(low.offsetMs) <= Math.abs(high.offsetMs) ? low : high
}
