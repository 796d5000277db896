/** The results of a schedule's backups: written by each run on its node, read by `status`. Contains nothing secret. */
import * as z from 'zod'

const time = z.iso.datetime()

const scheduleState = z.object({
  format: z.literal(1),
  cluster: z.string(),
  /** When the latest run started, and how long it took, in ms; missing while the run lasts. */
  lastRun: time,
  durationMs: z.number().optional(),
  /** Number of runs since the schedule was installed. */
  runs: z.number(),
  failures: z.number(),
  /** The latest error message, if runs failed since the last success. */
  problem: z.string().optional(),
  lastSuccess: time.optional(),
  /** The last successful backup, as stored. */
  backup: z.object({ name: z.string(), revision: z.string(), sizeBytes: z.number() }).optional(),
  /** Number of this cluster's backups in the backup location. */
  stored: z.number().optional(),
  /** The newest backup that passed a test restore. */
  lastProven: z.string().optional(),
})
export type ScheduleState = z.infer<typeof scheduleState>

export function renderState(state: ScheduleState): string {
  return `${JSON.stringify(state, null, 2)}\n`
}

/** undefined: this version can read none, so counting starts again. */
export function parseState(text: string | undefined): ScheduleState | undefined {
  if (text === undefined) return undefined
  try {
    return scheduleState.parse(JSON.parse(text))
  } catch {
    // Ignores a truncated file; the next run writes a complete one.
    return undefined
  }
}

export function startedRun(before: ScheduleState | undefined, cluster: string, now: Date): ScheduleState {
  const { durationMs: _, ...kept } = before ?? { format: 1, cluster, runs: 0, failures: 0 }
  return { ...kept, cluster, lastRun: now.toISOString(), runs: kept.runs + 1 }
}

/** A run that left a backup is a success, whatever else failed: `problem` then says what. */
export function endedRun(
  state: ScheduleState,
  outcome: Partial<Omit<ScheduleState, 'format'>>,
  now: Date,
): ScheduleState {
  const { problem: _, ...kept } = state
  const durationMs = now.getTime() - Date.parse(state.lastRun)
  const failures = state.failures + (outcome.problem === undefined ? 0 : 1)
  return { ...kept, ...outcome, failures, durationMs }
}
