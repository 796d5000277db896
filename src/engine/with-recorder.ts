/** Runs an operation with the availability probe, and keeps the results of both. */
import { DEFAULT_RATE, type Recorder, startRecorder } from '../recorder/recorder.ts'
import type { AvailabilityReport } from '../recorder/report.ts'
import { type Verdict, judgeAvailability, stallLimitMs } from '../recorder/verdict.ts'
import type { MemberClient } from '../etcd/client.ts'
import type { Cluster } from '../spec/cluster.ts'
import { type OperationLog, type Recordable, recorded } from './recorded.ts'

const PROGRESS_MS = 1_000

/** false: no availability probe. */
export type ProbeChoice = false | { readonly rate?: number | undefined }

/** The probe's own connections. */
export interface RecorderClients extends Disposable {
  /** Members that can be dialed now. */
  readonly current: () => readonly MemberClient[]
}

/** What the probe needs of a session. */
export interface Probed {
  readonly cluster: Pick<Cluster, 'etcd'>
  readonly signal: AbortSignal
  /** @throws QuorateError of one of the nodes if none is reachable */
  recorderClients(): Promise<RecorderClients>
}

export interface WithRecorderOptions {
  /** Names the operation in its record: `upgrade`, `certs renew`. */
  readonly verb: string
  /** Default: the usual probe rate. */
  readonly probe?: ProbeChoice | undefined
}

export interface Availability {
  readonly report: AvailabilityReport
  readonly verdict: Verdict
}

export interface Recorded<T> {
  readonly result: T
  /** undefined: not measured, by choice or because no quorum answered. */
  readonly availability: Availability | undefined
}

/**
 * Runs the operation while a probe client writes, reads and watches. Reports the client-visible impact as events
 * (`recording` each second, `availability` at the end, also after a failure), in the result, and in a file of the
 * cluster's state directory with all events. Call it under the lock, after the confirmation, around the changes only.
 *
 * A failure of the probe never fails the operation: it is only reported.
 *
 * @param operation must use the given session, whose events are kept
 * @throws what the operation throws
 * @example
 * const { result, availability } = await withRecorder(session, { verb: 'upgrade', probe }, async (recorded) => {
 *   return await run(recorded, lock, intent, observed)
 * })
 */
export async function withRecorder<S extends Recordable & Probed, T>(
  session: S,
  options: WithRecorderOptions,
  operation: (session: S & { readonly log: OperationLog }) => Promise<T>,
): Promise<Recorded<T>> {
  return await recorded(session, options.verb, async (own) => {
    own.log.begin()
    const recording = await begin(own, options.probe ?? {})
    let outcome: { readonly result: T } | { readonly error: unknown }
    try {
      outcome = { result: await operation(own) }
    } catch (error) {
      outcome = { error }
    }
    const availability = await recording?.end()
    own.log.noticed(availability ?? null)
    if ('error' in outcome) throw outcome.error
    return { result: outcome.result, availability }
  })
}

/** The longest stall in this cluster that one leader election explains, in ms. */
export function clusterStallLimitMs({ etcd }: Pick<Cluster, 'etcd'>): number {
  const set = Number(etcd.settings['election-timeout'])
  return stallLimitMs(set > 0 ? set : undefined)
}

interface Recording {
  end(): Promise<Availability | undefined>
}

/** undefined: no probe runs. */
async function begin(session: Recordable & Probed, probe: ProbeChoice): Promise<Recording | undefined> {
  if (probe === false) return undefined
  let clients: RecorderClients | undefined
  let recorder: Recorder
  try {
    clients = await session.recorderClients()
    const { current } = clients
    recorder = await startRecorder({
      clients: current,
      rate: probe.rate ?? DEFAULT_RATE,
      signal: session.signal,
      now: session.now,
    })
  } catch (error) {
    clients?.[Symbol.dispose]()
    session.emit({ type: 'note', text: `availability is not measured: ${messageOf(error)}` })
    return undefined
  }
  const opened = clients
  const timer = setInterval(() => session.emit({ type: 'recording', ...recorder.progress() }), PROGRESS_MS)
  timer.unref()
  return {
    end: async () => {
      try {
        const report = await recorder.stop()
        const verdict = judgeAvailability(report, clusterStallLimitMs(session.cluster))
        session.emit({ type: 'availability', report, verdict })
        return { report, verdict }
      } catch (error) {
        session.emit({ type: 'warning', text: `availability results are lost: ${messageOf(error)}` })
        return undefined
      } finally {
        clearInterval(timer)
        opened[Symbol.dispose]()
      }
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
