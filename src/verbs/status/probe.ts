/** `quorate probe`: how the cluster serves a client, measured for a while. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startRecorder } from '../../recorder/recorder.ts'
import { judgeAvailability } from '../../recorder/verdict.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { openRecorderClients } from '../../tiers/etcd/recorder-clients.ts'
import { type Availability, clusterStallLimitMs } from '../../engine/with-recorder.ts'

const PROGRESS_MS = 1_000

export interface ProbeOptions {
  /** How long, in ms. */
  readonly forMs: number
  /** Writes a second, and as many reads; 10 unless given. */
  readonly rate?: number | undefined
  /** Ends it early, in good order: what was measured until then is reported. */
  readonly until?: AbortSignal | undefined
}

/**
 * Writes, reads and watches for a while, changing nothing but keys of its own, which are gone at the end. Needs no lock:
 * it may run beside anything.
 *
 * @throws QuorateError `etcd` if no quorum answers at the beginning; what happens later is what it reports.
 */
export async function probe(session: Session, options: ProbeOptions): Promise<Availability> {
  using clients = await openRecorderClients(session)
  const recorder = await startRecorder({
    clients: clients.current,
    rate: options.rate,
    signal: session.signal,
    now: session.now,
  })
  const timer = setInterval(() => session.emit({ type: 'recording', ...recorder.progress() }), PROGRESS_MS)
  const signals = [session.signal, options.until].filter((signal) => signal !== undefined)
  try {
    await sleep(options.forMs, undefined, { signal: AbortSignal.any(signals) }).catch(() => undefined)
    const report = await recorder.stop()
    return { report, verdict: judgeAvailability(report, clusterStallLimitMs(session.cluster)) }
  } finally {
    clearInterval(timer)
  }
}
