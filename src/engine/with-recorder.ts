/** Runs an operation with the recorder beside it, and keeps what both tell. */
import { DEFAULT_RATE, type Recorder, startRecorder } from '../recorder/recorder.ts'
import type { AvailabilityReport } from '../recorder/report.ts'
import { type Verdict, judgeAvailability, stallLimitMs } from '../recorder/verdict.ts'
import type { MemberClient } from '../etcd/client.ts'
import type { Cluster } from '../spec/cluster.ts'
import { type OperationLog, type Recordable, recorded } from './recorded.ts'

const PROGRESS_MS = 1_000

/** false: nothing is recorded. */
export type ProbeChoice = false | { readonly rate?: number | undefined }

/** Connections of a recorder's own. */
export interface RecorderClients extends Disposable {
  /** Those that can be dialled at this moment. */
  readonly current: () => readonly MemberClient[]
}

/** What recording needs of a session. */
export interface Probed {
  readonly cluster: Pick<Cluster, 'etcd'>
  readonly signal: AbortSignal
  /** @throws QuorateError of one of the machines if none can be reached */
  recorderClients(): Promise<RecorderClients>
}

export interface WithRecorderOptions {
  /** Names the operation in its record: `upgrade`, `certs renew`. */
  readonly verb: string
  /** Recorded at the usual rate unless given. */
  readonly probe?: ProbeChoice | undefined
}

export interface Availability {
  readonly report: AvailabilityReport
  readonly verdict: Verdict
}

export interface Recorded<T> {
  readonly result: T
  /** undefined: nothing was recorded, by choice or because no quorum answered. */
  readonly availability: Availability | undefined
}

/**
 * Runs the operation while a client of the cluster writes, reads and watches, and tells what it noticed: as events
 * (`recording` each second, `availability` at the end, also of an operation that failed), as part of the result, and
 * in a file of the cluster's folder with all events of the operation. Call it under the lock, after the confirmation,
 * around what changes something; where nothing is to be done it only costs time.
 *
 * Nothing that goes wrong with the recorder makes the operation fail: it is told, and that is all.
 *
 * @param operation must use the session that it is handed, whose events are kept
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

/** The longest stall of this cluster's that passes for one election, in ms. */
export function clusterStallLimitMs({ etcd }: Pick<Cluster, 'etcd'>): number {
  const set = Number(etcd.settings['election-timeout'])
  return stallLimitMs(set > 0 ? set : undefined)
}

interface Recording {
  end(): Promise<Availability | undefined>
}

/** undefined: nothing is recorded. */
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
    session.emit({ type: 'note', text: `availability is not recorded: ${messageOf(error)}` })
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
        session.emit({ type: 'warning', text: `what was recorded is lost: ${messageOf(error)}` })
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
