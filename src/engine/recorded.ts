/** Every command that changes something leaves a record, also if it failed or was killed. */
import { draftBeside } from '../files/temporary.ts'
import { NOTHING_CHANGED, QuorateError, afterInterrupt } from '../errors.ts'
import type { Emit, RunEvent } from './events.ts'
import { ChangeTally } from './change-tally.ts'
import type { AvailabilityReport } from '../recorder/report.ts'
import type { Verdict } from '../recorder/verdict.ts'
import type { StepRegistry } from './step-registry.ts'
import type { Cluster } from '../spec/cluster.ts'
import {
  type OperationRecord,
  OperationEvents,
  errorOf,
  keepRecord,
  recordFile,
  writeRecordNow,
} from './operation-record.ts'

/** Commands with a record. `src/cli/catalog/effects.ts` says of each command whether it has one. */
export const RECORDED_VERBS = [
  'adopt',
  'alarms',
  'apply',
  'backup prune',
  'backup schedule',
  'backup signers',
  'certs client',
  'certs csr',
  'certs import',
  'certs renew',
  'certs rotate-ca',
  'compact',
  'defrag',
  'import',
  'kubeconfig',
  'member add',
  'member remove',
  'member replace',
  'move-leader',
  'recover',
  'repair',
  'reset',
  'restart',
  'restore',
  'space reclaim',
  'start',
  'stop',
  'trust',
  'unlock',
  'upgrade',
] as const

/** The record of what is done with a session, for later review. */
export interface OperationLog {
  /** Starts the record before a change. Stages and steps start it by themselves. */
  begin(): void
  /** The client-visible impact. */
  noticed(availability: { readonly report: AvailabilityReport; readonly verdict: Verdict } | null): void
}

/** What a record needs of a session. */
export interface Recordable {
  readonly cluster: Pick<Cluster, 'name' | 'stateDirectory'>
  readonly emit: Emit
  readonly now: () => Date
  readonly steps: StepRegistry
  readonly signal?: AbortSignal | undefined
  readonly log?: OperationLog | undefined
}

/**
 * Runs the work and keeps a record of it, if it changes anything. The record is written when the first stage or step begins,
 * or at `session.log.begin()`, and completed at the end. Nested recorded work shares the outer record.
 *
 * A record that can't be written gives a warning, and never stops the work.
 *
 * @param work must use the given session
 * @throws what the work throws, with an impact if it has none; `cancelled` where that is only an echo of Ctrl-C
 */
export async function recorded<S extends Recordable, T>(
  session: S,
  verb: string,
  work: (session: S & { readonly log: OperationLog }) => Promise<T>,
): Promise<T> {
  if (session.log !== undefined) return await work({ ...session, log: session.log })
  const since = session.now()
  const file = recordFile(session.cluster, { from: since.toISOString(), verb })
  const log = new RecordLog(session, { verb, since, file, draft: await draftBeside(file) })
  const emit = (event: RunEvent) => {
    log.add(event)
    session.emit(event)
  }
  try {
    const result = await work({ ...session, log, emit })
    await log.end(null)
    return result
  } catch (thrown) {
    const error = session.signal === undefined ? thrown : afterInterrupt(thrown, session.signal)
    if (error instanceof QuorateError) error.impact ??= log.impact()
    await log.end(errorOf(error))
    throw error
  }
}

/** These events come right before a change. */
const BEGINS: ReadonlySet<RunEvent['type']> = new Set(['wave', 'step-started'])

interface RecordOf {
  readonly verb: string
  readonly since: Date
  readonly file: string
  readonly draft: string
}

class RecordLog implements OperationLog {
  readonly #session: Recordable
  readonly #of: RecordOf
  readonly #events: OperationEvents
  readonly #changes = new ChangeTally()
  #started = false
  #warned = false
  #availability: OperationRecord['availability'] = null

  constructor(session: Recordable, of: RecordOf) {
    this.#session = session
    this.#of = of
    this.#events = new OperationEvents(session.steps)
  }

  add(event: RunEvent): void {
    this.#events.add(event, this.#session.now())
    this.#changes.add(event)
    // A run that is killed during a stage has already recorded what it was about to do.
    if (this.#started && event.type === 'wave') this.#write()
    if (BEGINS.has(event.type)) this.begin()
  }

  begin(): void {
    if (this.#started) return
    this.#started = true
    this.#write()
  }

  noticed(availability: OperationRecord['availability']): void {
    this.#availability = availability
  }

  /** What an error means for the cluster, if it doesn't say so itself. */
  impact(): string {
    return this.#started ? this.#changes.impact() : NOTHING_CHANGED
  }

  async end(error: OperationRecord['error']): Promise<void> {
    if (!this.#started) return
    const record = this.#record(this.#session.now().toISOString(), error)
    try {
      await keepRecord(this.#session.cluster, record)
    } catch (problem) {
      this.#warn(problem)
    }
  }

  /** Writes at once, before the change that it describes. */
  #write(): void {
    try {
      writeRecordNow(this.#of.file, this.#of.draft, this.#record(null, null))
    } catch (problem) {
      this.#warn(problem)
    }
  }

  #record(until: string | null, error: OperationRecord['error']): OperationRecord {
    return {
      cluster: this.#session.cluster.name,
      verb: this.#of.verb,
      from: this.#of.since.toISOString(),
      until,
      error,
      availability: this.#availability,
      events: this.#events.all(),
    }
  }

  #warn(problem: unknown): void {
    if (this.#warned) return
    this.#warned = true
    const reason = problem instanceof Error ? problem.message : String(problem)
    this.#session.emit({ type: 'warning', text: `can't write the operation's record: ${reason}` })
  }
}
