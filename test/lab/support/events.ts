/** What `--json` reports about a run: which steps were carried out, how it ended, and the client-visible impact. */
import type { Availability } from '../../../src/engine/with-recorder.ts'
import type { PlanJson, StepJson } from '../../../src/tiers/etcd/steps/plan-json.ts'
import { judgeAvailability } from '../../../src/recorder/verdict.ts'
import type { TestLab } from '../harness.ts'
import { quorate, quorateOk } from './quorate.ts'

export interface ShownStep {
  readonly kind: string
  readonly host?: string
  readonly what: string
}

/** One line of `--json`. */
export interface ShownEvent {
  readonly type?: string
  readonly step?: ShownStep
  readonly changed?: boolean
  readonly text?: string
  /** Of a note or a warning. */
  readonly id?: string
  readonly host?: string
  readonly error?: {
    readonly code: string
    readonly id?: string
    readonly host?: string
    readonly message: string
    readonly hint?: string
  }
}

export interface JsonRun {
  readonly exitCode: number
  /** The completed steps, in order. */
  readonly steps: readonly ShownStep[]
  readonly error: NonNullable<ShownEvent['error']> | undefined
  readonly availability: Availability | undefined
  /** Notes and warnings. */
  readonly notes: readonly string[]
  /** Of those that have one. */
  readonly noteIds: readonly string[]
}

/** Runs a command with `--json`; its exit code is part of the result. */
export async function runJson(lab: TestLab, args: readonly string[]): Promise<JsonRun> {
  const { stdout, exitCode } = await quorate(lab, [...args, '--json'])
  const events = stdout.split('\n').flatMap((line) => (line === '' ? [] : [eventOf(line)]))
  return {
    exitCode,
    steps: events.flatMap(({ type, step }) => (type === 'step-done' && step ? [step] : [])),
    error: events.find(({ error }) => error !== undefined)?.error,
    notes: events.flatMap(({ type, text }) =>
      text !== undefined && (type === 'note' || type === 'warning') ? [text] : [],
    ),
    noteIds: events.flatMap(({ type, id }) =>
      id !== undefined && (type === 'note' || type === 'warning') ? [id] : [],
    ),
    availability: events.find((event): event is ShownEvent & Availability => event.type === 'availability'),
  }
}

/** On a busy computer an election takes longer than quorate's own verdict accepts. */
const STALL_MS = 10_000

/** What clients of the cluster would have noticed. */
export function noticed(availability: Pick<Availability, 'report'> | undefined): readonly string[] {
  return availability === undefined
    ? ['unmeasured']
    : judgeAvailability(availability.report, STALL_MS).reasons
}

export function eventOf(line: string): ShownEvent {
  return JSON.parse(line) as ShownEvent
}

/** Runs a command with `--json` that must succeed. @returns its last line, the report */
export async function reportOf(
  lab: Pick<TestLab, 'clusterFile'>,
  args: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const lines = (await quorateOk(lab, [...args, '--json'])).trimEnd().split('\n')
  return JSON.parse(lines.at(-1) ?? '') as Readonly<Record<string, unknown>>
}

/** The steps of a plan that a command printed with --json, before it asked. */
export function plannedIn(stdout: string): readonly StepJson[] {
  const lines = stdout.split('\n').filter((line) => line !== '')
  const plan = lines.map((line) => JSON.parse(line) as Partial<PlanJson> & ShownEvent)
  return plan.find(({ type }) => type === 'plan')?.waves?.flat() ?? []
}

/** The restarted nodes, in order. */
export function restartsOf({ steps }: Pick<JsonRun, 'steps'>): readonly string[] {
  return steps.flatMap(({ kind, host }) => (kind === 'restart' && host !== undefined ? [host] : []))
}
