/** What a command gets: where its output goes, whether it can ask, and when to stop. */
import type { Outlet } from './outlet.ts'

/** Everything that is printed goes through the outlet. */
export interface CliContext extends Outlet {
  readonly json: boolean
  /** With `--json` events are lines of the output; false: the output is one value. As the catalog says of the command. */
  readonly jsonEvents: boolean
  readonly verbose: boolean
  /** The command may write settings of etcd to machines, so that settings that etcd refuses are an error. */
  readonly writesSettings: boolean
  /** There is a terminal: it may ask questions. */
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
  /** What deadlines for machines are multiplied by: 1, but in tests, which don't wait a minute for a machine that hangs. */
  readonly patienceFactor: number
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
  readonly now: () => Date
}
