/** What a command receives: where its output goes, whether it can ask, and when to stop. */
import type { Outlet } from './outlet.ts'

/** All output goes through the outlet. */
export interface CliContext extends Outlet {
  readonly json: boolean
  /**
   * With `--json`, events are lines of the output; false: the output is one value. The catalog says which, per command.
   */
  readonly jsonEvents: boolean
  readonly verbose: boolean
  /** The command may write settings of etcd to nodes, so settings that etcd refuses are an error. */
  readonly writesSettings: boolean
  /** Input and output are a terminal. */
  readonly terminal: boolean
  /** There is a terminal, and nothing says that no one sits at it, so the command may ask questions. */
  readonly interactive: boolean
  /** Standard error is a terminal, so progress may be redrawn. */
  readonly live: boolean
  readonly columns: number
  /** Path given by `-f`, or `cluster.yaml`. */
  readonly file: string
  readonly sudoPasswordFile: string | undefined
  readonly passphraseFile: string | undefined
  /** `--yes`: every question is answered with yes. */
  readonly assumeYes: boolean
  /** Multiplies deadlines for nodes. 1, except in tests, which don't wait a minute for a node that hangs. */
  readonly patienceFactor: number
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
  readonly now: () => Date
}
