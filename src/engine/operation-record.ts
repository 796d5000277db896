/** What an operation did, and its impact on clients, kept in a file of the cluster's state directory. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { replaceFile } from '../files/atomic-file.ts'
import type { AvailabilityReport } from '../recorder/report.ts'
import type { Verdict } from '../recorder/verdict.ts'
import { eventJson } from './event-json.ts'
import type { StepRegistry } from './step-registry.ts'
import type { RunEvent } from './events.ts'
import type { Cluster } from '../spec/cluster.ts'

/** Maximum number of records; the oldest are deleted. */
const KEPT_RECORDS = 100

/** Maximum number of events of one operation. */
const KEPT_EVENTS = 10_000

/** The content of a record. Fields are added, never renamed or removed. */
export interface OperationRecord {
  readonly cluster: string
  readonly verb: string
  /** ISO 8601, UTC. */
  readonly from: string
  /** null: it is running, or was killed. */
  readonly until: string | null
  /** null: it succeeded, or has not ended. */
  readonly error: {
    readonly code: string
    readonly message: string
    readonly impact?: string
    readonly hint?: string
  } | null
  /** null: availability was not measured; the events say why. */
  readonly availability: { readonly report: AvailabilityReport; readonly verdict: Verdict } | null
  /** As `--json` prints them, each with its time. */
  readonly events: readonly Readonly<Record<string, unknown>>[]
}

/** Collects an operation's events in memory that does not grow without bound. */
export class OperationEvents {
  readonly #events: Record<string, unknown>[] = []
  readonly #steps: StepRegistry

  constructor(steps: StepRegistry) {
    this.#steps = steps
  }

  add(event: RunEvent, at: Date): void {
    // These are only progress: the report contains everything.
    if (event.type === 'recording' || event.type === 'availability') return
    if (this.#events.length < KEPT_EVENTS)
      this.#events.push({ at: at.toISOString(), ...eventJson(event, this.#steps) })
  }

  all(): readonly Readonly<Record<string, unknown>>[] {
    return this.#events
  }
}

export function operationsDirectory({ stateDirectory }: Pick<Cluster, 'stateDirectory'>): string {
  return path.join(stateDirectory, 'operations')
}

export function errorOf(error: unknown): OperationRecord['error'] {
  if (error instanceof QuorateError) {
    const { code, message, impact, hint } = error
    return {
      code,
      message,
      ...(impact === undefined ? {} : { impact }),
      ...(hint === undefined ? {} : { hint }),
    }
  }
  return { code: 'bug', message: error instanceof Error ? error.message : String(error) }
}

/** Writes the record (mode 0600), and removes the oldest above a hundred. @returns the file. @throws of the file system */
export async function keepRecord(
  cluster: Pick<Cluster, 'stateDirectory'>,
  record: OperationRecord,
): Promise<string> {
  const directory = operationsDirectory(cluster)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const file = recordFile(cluster, record)
  await replaceFile(file, textOf(record), 0o600)
  const names = (await readdir(directory)).filter((name) => /^\d{8}T[\d.]+Z-.*\.json$/.test(name)).sort()
  for (const name of names.slice(0, -KEPT_RECORDS)) await rm(path.join(directory, name), { force: true })
  return file
}

/** Each has its own name: start time and command. */
export function recordFile(
  cluster: Pick<Cluster, 'stateDirectory'>,
  { from, verb }: Pick<OperationRecord, 'from' | 'verb'>,
): string {
  const time = from.replaceAll(/[-:]/g, '')
  return path.join(operationsDirectory(cluster), `${time}-${verb.replaceAll(' ', '-')}.json`)
}

/** Synchronously, because the process may end right after. `draft`: `draftBeside` the file. @throws of the file system */
export function writeRecordNow(file: string, draft: string, record: OperationRecord): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(draft, textOf(record), { mode: 0o600 })
  renameSync(draft, file)
}

function textOf(record: OperationRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`
}
