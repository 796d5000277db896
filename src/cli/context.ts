/** What a command is handed: where its output goes, whom it may ask, and when to stop. */
import type { createColors } from 'picocolors'

type Colors = ReturnType<typeof createColors>

export interface CliContext {
  /** Results: text, or with `--json` JSON. */
  readonly out: (text: string) => void
  /** Progress, questions and errors. */
  readonly err: (text: string) => void
  readonly json: boolean
  readonly verbose: boolean
  /** Paints only where the output is a terminal that wants it. */
  readonly colors: Colors
  /** Somebody sits at a terminal: questions may be asked. */
  readonly interactive: boolean
  /** Standard error is a terminal: progress may move. */
  readonly live: boolean
  readonly columns: number
  /** Path given by `-f`, or `cluster.yaml`. */
  readonly file: string
  readonly sudoPasswordFile: string | undefined
  readonly passphraseFile: string | undefined
  /** `--yes`: every question is answered with yes. */
  readonly assumeYes: boolean
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
  readonly now: () => Date
}
