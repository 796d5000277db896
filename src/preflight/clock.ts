/** Do the machines agree on the time, with each other and with this computer? */
import { CLOCK_TOLERANCE_MS } from '../pki/authority.ts'
import { type Check, judge } from './checks.ts'
import { formatDuration } from '../spec/units.ts'

/** A machine's clock against this computer's, as far as the round trip lets it be known. */
export interface ClockReading {
  /** Positive: the machine is ahead. Milliseconds. */
  readonly offsetMs: number
  /** The true offset is within this of `offsetMs`. */
  readonly uncertaintyMs: number
}

/** etcd's peers warn of each other's clocks from 1 s on (rafthttp, "prober found high clock drift"). */
export const WARNING_MS = 1000

/**
 * From here on certificates are at stake: one issued here counts as valid from `CLOCK_TOLERANCE_MS` before now, so a machine
 * further behind would refuse it. The rest of the margin is kept for the drift to come.
 */
export const FAILURE_MS = CLOCK_TOLERANCE_MS / 5

const REMEDY =
  'set the clock and keep it right: apt-get install chrony (or systemd-timesyncd), then look at timedatectl'

/**
 * Compares each machine with the middle one of them, and the middle one with this computer. Consensus needs no clocks;
 * TLS, logs and leases' users do.
 */
export function judgeClocks(readings: ReadonlyMap<string, ClockReading>): Check[] {
  const middle = middleReading([...readings.values()])
  if (middle === undefined) return []
  const checks = [...readings].map(([host, reading]) => {
    const difference = reading.offsetMs - middle.offsetMs
    const uncertainty = reading === middle ? 0 : reading.uncertaintyMs + middle.uncertaintyMs
    const found = readings.size === 1 ? 'the only machine' : describe(difference, uncertainty, 'the others')
    return rate(host, 'clock', 'Clock', found, Math.abs(difference) - uncertainty, 'the others')
  })
  const found = describe(middle.offsetMs, middle.uncertaintyMs, 'this computer')
  const excess = Math.abs(middle.offsetMs) - middle.uncertaintyMs
  return [...checks, rate(undefined, 'clock-here', 'Clock of the machines', found, excess, 'this computer')]
}

function rate(
  host: string | undefined,
  id: string,
  title: string,
  found: string,
  excessMs: number,
  whom: string,
): Check {
  const check = judge(host, id, title)
  const remedy =
    host === undefined ? `find out whose clock is wrong, theirs or this computer's; ${REMEDY}` : REMEDY
  if (excessMs > FAILURE_MS) {
    const wanted = `within ${formatDuration(FAILURE_MS)} of ${whom}, for certificates to be valid`
    return check.failure({ found, wanted, remedy })
  }
  const wanted = `within ${formatDuration(WARNING_MS)} of ${whom}`
  return excessMs > WARNING_MS ? check.warning({ found, wanted, remedy }) : check.ok({ found, wanted })
}

function describe(offsetMs: number, uncertaintyMs: number, whom: string): string {
  if (Math.abs(offsetMs) <= Math.max(uncertaintyMs, 1))
    return `the same as ${whom}, within ${formatDuration(Math.max(uncertaintyMs, 1))}`
  const direction = offsetMs > 0 ? 'ahead of' : 'behind'
  return `${formatDuration(Math.abs(offsetMs))} ${direction} ${whom} (± ${formatDuration(uncertaintyMs)})`
}

/** The median; of an even number, that of the two in the middle which is nearer to this computer's clock. */
function middleReading(readings: readonly ClockReading[]): ClockReading | undefined {
  const sorted = readings.toSorted((a, b) => a.offsetMs - b.offsetMs)
  const low = sorted[Math.floor((sorted.length - 1) / 2)]
  const high = sorted[Math.floor(sorted.length / 2)]
  if (low === undefined || high === undefined) return undefined
  return Math.abs(low.offsetMs) <= Math.abs(high.offsetMs) ? low : high
}
