/** How the backups of a schedule went: written by each run on its node, read by `status`. Nothing in it is secret. */
import * as z from 'zod'

const time = z.iso.datetime()

const scheduleState = z.object({
  format: z.literal(1),
  cluster: z.string(),
  /** When the latest run began, and how long it took, in ms; it is missing while the run lasts. */
  lastRun: time,
  durationMs: z.number().optional(),
  /** Runs since the schedule is there. */
  runs: z.number(),
  failures: z.number(),
  /** Of runs that failed since the last success: the latest one's message. */
  problem: z.string().optional(),
  lastSuccess: time.optional(),
  /** What the last success left in the store. */
  backup: z.object({ name: z.string(), revision: z.string(), sizeBytes: z.number() }).optional(),
  /** How many of this cluster's are in the store. */
  stored: z.number().optional(),
  /** The newest that was restored for a trial, and held what it should. */
  lastProven: z.string().optional(),
})
export type ScheduleState = z.infer<typeof scheduleState>

export function renderState(state: ScheduleState): string {
  return `${JSON.stringify(state, null, 2)}\n`
}

/** undefined: there is none that this version can read, so that counting begins anew. */
export function parseState(text: string | undefined): ScheduleState | undefined {
  if (text === undefined) return undefined
  try {
    return scheduleState.parse(JSON.parse(text))
  } catch {
    // A file that was cut off tells nothing; the next run writes it whole.
    return undefined
  }
}

export function begunRun(before: ScheduleState | undefined, cluster: string, now: Date): ScheduleState {
  const { durationMs: _, ...kept } = before ?? { format: 1, cluster, runs: 0, failures: 0 }
  return { ...kept, cluster, lastRun: now.toISOString(), runs: kept.runs + 1 }
}

/** A run that left a backup is a success, whatever else went wrong: then `problem` says what. */
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
