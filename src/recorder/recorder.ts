/**
 * The availability probe: writes, reads and watches steadily as an ordinary client does, while an operation runs, and
 * reports the impact on such a client.
 */
import { randomBytes } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { Endpoints } from './endpoints.ts'
import { Lanes } from './lanes.ts'
import { LEASE_SECONDS, RecorderLease } from './lease.ts'
import { Ledger } from './ledger.ts'
import { Load } from './load.ts'
import { Monitor } from './monitor.ts'
import type { AvailabilityReport, RecorderProgress } from './report.ts'
import { ATTEMPT_MS, OPERATION_MS, type Patience, withRetries } from './retry.ts'
import { KV } from '../etcd/gen/kv_pb.ts'
import { utf8 } from '../etcd/keys.ts'
import { watchAll } from './watcher.ts'
import { counted, plural } from '../spec/units.ts'
import { type Looked, until } from '../wait/until.ts'

/** Where the recorder writes: each run has its own prefix below this one. */
export const PROBE_PREFIX = '/quorate.io/probe/'

/** Writes each second, and as many reads, by default. */
export const DEFAULT_RATE = 10

/** As many keys as operations that may run at once. */
const LANES = { least: 4, most: 100 }

/** How long the start may take, in ms: without a quorum there is nothing to record. */
const BEGIN_MS = 3_000

/** How long the end waits for the watch, in ms. */
const CATCH_UP_MS = 5_000

/** How long the end may take in total if the cluster doesn't serve, in ms. */
const END_MS = 10_000

/** How long a step of the end may take at least, and at most once the caller wants it to end, in ms. */
const HASTE_MS = 1_000

/** How many different ones are reported. */
const MOST_TROUBLES = 20

export interface RecorderOptions {
  /** A client for each current member. Called again for every attempt, so that members may come and go. */
  readonly clients: () => readonly MemberClient[]
  /** Writes each second, and as many reads: 1 to 100; `DEFAULT_RATE` by default. */
  readonly rate?: number | undefined
  /** How long an operation is tried before it counts as failed, in ms; `OPERATION_MS` by default. */
  readonly operationMs?: number | undefined
  /** Ends the recording. `stop` then returns the report quickly. */
  readonly signal?: AbortSignal | undefined
  readonly now?: (() => Date) | undefined
  /** A clock in ms that never goes back; the process's own by default. */
  readonly monotonic?: (() => number) | undefined
}

export interface Recorder {
  /** The current state. */
  progress(): RecorderProgress
  /**
   * Ends the recording: waits for running operations, reads back, removes its keys. Never throws: the report lists what
   * went wrong. May be called twice.
   */
  stop(): Promise<AvailabilityReport>
}

/**
 * Starts recording. Returns once the members' status was read.
 *
 * @throws QuorateError `etcd` if no member answers, or no quorum within 3 s: there would be nothing to compare with.
 *   `usage` for a rate out of range; `cancelled`.
 * @example const recorder = await startRecorder({ clients: () => members }) await somethingRisky() const { unnoticed,
 *   reasons } = judgeAvailability(await recorder.stop())
 */
export async function startRecorder(options: RecorderOptions): Promise<Recorder> {
  const { operationMs: triedMs = OPERATION_MS } = options
  const { rate = DEFAULT_RATE, now = () => new Date(), monotonic = () => performance.now() } = options
  if (!Number.isFinite(rate) || rate < 1 || rate > LANES.most)
    throw new QuorateError('usage', `a rate of ${rate} operations a second: 1 to ${LANES.most} are possible`)
  const pacing = linked(options.signal)
  const hard = new AbortController()
  const work = linked(options.signal)
  const endpoints = new Endpoints(options.clients, monotonic)
  const monitor = new Monitor(endpoints, now)
  const lanes = Math.max(LANES.least, Math.ceil(rate))
  const ledger = new Ledger(lanes)
  const lease = new RecorderLease()
  const prefix = `${PROBE_PREFIX}${randomBytes(8).toString('hex')}/`
  const troubles = new Set<string>()
  const trouble = (text: string) => {
    if (troubles.size < MOST_TROUBLES) troubles.add(text)
  }
  const keys = new Lanes({
    prefix,
    lanes,
    ledger,
    lease,
    monotonic,
    onTerm: (term) => monitor.term(term),
    onLeaseGone: () => {
      ledger.forget()
      trouble('the lease of the keys had expired: this workstation was asleep or disconnected')
    },
  })

  const begin: Patience = { endpoints, monotonic, signal: work.signal, operationMs: BEGIN_MS }
  await monitor.askAll(work.signal)
  const from = await withRetries(async (member, call) => {
    const { header } = await member.call(KV.method.range, { key: utf8(prefix), countOnly: true }, call)
    return (header?.revision ?? 0n) + 1n
  }, begin)
  ledger.answered(from - 1n, 0n)
  await lease.grant(begin)

  const startedAt = now()
  const load = new Load({
    keys,
    endpoints,
    rate,
    most: lanes,
    monotonic,
    signal: work.signal,
    operationMs: triedMs,
    onBug: (text) => trouble(`a bug in the recorder: ${text}`),
  })
  const running = load.run(pacing.signal)
  let resumed = 0
  const beside = [
    watchAll({
      endpoints,
      ledger,
      prefix,
      from,
      laneOf: (key) => keys.laneOf(key),
      monotonic,
      signal: hard.signal,
      onResume: () => {
        resumed += 1
      },
    }),
    monitor.follow(hard.signal),
    lease.keep({ endpoints, monotonic, signal: hard.signal }),
  ]

  /** Tries a step of the end, and reports what goes wrong. @returns whether it succeeded */
  async function attempt(
    endsMs: number,
    what: string,
    step: (patience: Patience) => Promise<void>,
  ): Promise<boolean> {
    const operationMs = Math.max(HASTE_MS, endsMs - monotonic())
    try {
      await step({ endpoints, monotonic, signal: hard.signal, operationMs })
      return true
    } catch (error) {
      trouble(`${what}: ${error instanceof Error ? error.message : String(error)}`)
      return false
    }
  }

  /** The watch has shown every write, or its time is up on the recorder's own clock. */
  function delivered(untilMs: number): Looked<void, undefined> {
    const owes = ledger.owedSinceMs() !== undefined && monotonic() < untilMs
    return owes ? { missing: undefined } : { found: undefined }
  }

  async function end(): Promise<AvailabilityReport> {
    pacing.abort()
    const { ownPauseMs } = await running
    const endedMs = monotonic()
    const hurry = options.signal?.aborted === true
    const caughtUpMs = endedMs + (hurry ? HASTE_MS : CATCH_UP_MS)
    const endsMs = endedMs + (hurry ? HASTE_MS : END_MS)
    await until(async () => await Promise.resolve(delivered(caughtUpMs)), {
      ms: Number.POSITIVE_INFINITY,
      everyMs: 10,
      signal: undefined,
      late: () => undefined,
    })
    const verified = await attempt(endsMs, 'reading back', async (patience) => await keys.readBack(patience))
    ledger.end()
    const cleaned = await attempt(endsMs, 'removing the keys', async (patience) => {
      await lease.revoke(patience)
      const left = await keys.count(patience)
      if (left > 0n)
        throw new QuorateError('etcd', `${counted(left, 'key')} still ${plural(left, 'exists', 'exist')}`)
    })
    hard.abort()
    await Promise.all(beside)
    const dateAt = (ms: number) => new Date(startedAt.getTime() + (ms - load.startedMs))
    const { counts } = ledger
    return {
      from: startedAt.toISOString(),
      durationMs: Math.round(endedMs - load.startedMs),
      ratePerSecond: rate,
      attemptTimeoutMs: ATTEMPT_MS,
      operationTimeoutMs: triedMs,
      writes: load.writes.report(dateAt),
      reads: { ...load.reads.report(dateAt), stale: counts.stale },
      lostWrites: ledger.lost,
      revisionsBackwards: counts.revisionsBackwards,
      watch: {
        events: counts.events,
        resumed,
        missing: counts.missing,
        duplicates: counts.duplicates,
        worstDelayMs: Math.round(counts.worstDelayMs),
        unchecked: counts.unchecked,
      },
      leader: monitor.report(),
      members: endpoints.report(),
      ownPauseMs: Math.round(ownPauseMs),
      verified,
      cleaned,
      leaseSeconds: LEASE_SECONDS,
      troubles: [...troubles],
    }
  }

  let report: Promise<AvailabilityReport> | undefined
  return {
    progress: () => {
      const at = monotonic()
      const [w, r] = [load.writes.sketch(at), load.reads.sketch(at)]
      return {
        writes: w.acknowledged,
        reads: r.acknowledged,
        failed: w.failed + r.failed,
        worstGapMs: Math.round(Math.max(w.gapMs, r.gapMs)),
      }
    },
    stop: async () => await (report ??= end()),
  }
}

/** Aborts with the signal, if there is one, or by itself. */
function linked(signal: AbortSignal | undefined): AbortController {
  const controller = new AbortController()
  if (signal?.aborted === true) controller.abort(signal.reason)
  signal?.addEventListener('abort', () => controller.abort(signal.reason), {
    once: true,
    signal: controller.signal,
  })
  return controller
}
