/** `quorate probe`: measures for a while how the cluster serves a client. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startRecorder } from '../../recorder/recorder.ts'
import { judgeAvailability } from '../../recorder/verdict.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { openRecorderClients } from '../../tiers/etcd/recorder-clients.ts'
import { type Availability, clusterStallLimitMs } from '../../engine/with-recorder.ts'

const PROGRESS_MS = 1_000

export interface ProbeOptions {
  /** Duration in ms. */
  readonly forMs: number
  /** Writes per second, and as many reads; default: 10. */
  readonly rate?: number | undefined
  /** Ends it early: what was measured until then is reported. */
  readonly until?: AbortSignal | undefined
}

/**
 * Writes, reads and watches its own keys for a while, and deletes them at the end. Needs no lock: it can run at the
 * same time as any other command.
 *
 * @throws QuorateError `etcd` if no quorum answers at the beginning; later failures are part of the report.
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
