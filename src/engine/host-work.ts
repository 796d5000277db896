/** One machine's part of a wave, as the agent is given it: in one round trip. */
import type { AgentRun } from '../host/agent.ts'

export interface HostWork extends Pick<AgentRun, 'looks' | 'extension' | 'incoming'> {
  /** Of each step, in their order. */
  readonly operations: readonly AgentRun['operations'][]
  /** What is large enough to be told of, on its way to the machine. */
  readonly sendings: readonly Sending[]
}

export interface Sending {
  readonly bytes: number
  /** In words; told of again with each hundredth. undefined: binaries, told of once. */
  readonly what?: string | undefined
}
