/** One node's part of a stage, as the agent gets it in one round trip. */
import type { AgentRun } from '../host/agent.ts'

export interface HostWork extends Pick<AgentRun, 'looks' | 'extension' | 'incoming'> {
  /** Of each step, in their order. */
  readonly operations: readonly AgentRun['operations'][]
  /** Uploads that are large enough to report. */
  readonly sendings: readonly Sending[]
}

export interface Sending {
  readonly bytes: number
  /** Its description, for progress in hundredths. undefined: binaries, reported once. */
  readonly what?: string | undefined
}
