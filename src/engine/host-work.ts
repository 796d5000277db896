/** What a node is given to do: in one round trip, or in several of which each answer decides on the next. */
import type { AgentReply, AgentRun } from '../host/agent.ts'

/** One round trip. */
export type NodeWork = Pick<AgentRun, 'operations' | 'looks' | 'extension' | 'incoming' | 'onDone'>

/** One node's part of a stage, as the agent gets it in one round trip. */
export interface HostWork extends Omit<NodeWork, 'operations' | 'onDone'> {
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

/**
 * A node's only step of a stage, if one round trip can't do it, or if it is done only once something else is so.
 *
 * @returns the answer that shows the node as it is then
 */
export type Dialogue = (give: Give, signal: AbortSignal) => Promise<AgentReply>

/** @throws QuorateError as `runAgent` */
export type Give = (work: NodeWork) => Promise<AgentReply>
