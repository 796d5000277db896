/**
 * Work on one node that does not belong to a step of a plan. Everything else that changes a node is a step, in a stage
 * (`wave.ts`).
 *
 * As in a stage, the work has the lock's fence, the agent's deadlines and an operation record, and it ends with the
 * session or the lock. Only `cleanup` outlives the session's signal: it has its own deadline.
 */
import type { AgentReply } from '../host/agent.ts'
import type { Node } from '../spec/cluster.ts'
import type { Remote } from '../ssh/remote.ts'
import type { NodeWork } from './host-work.ts'
import type { Lock } from './lock.ts'
import type { OperationLog } from './recorded.ts'

/** Why it is not a step. */
export type ErrandReason =
  /** It was shown as a list of changes, and its results go to the workstation and back: a key, a certificate. */
  | { readonly reason: 'changes' }
  /** The node has no step in the stage, but must stay unchanged during it. */
  | { readonly reason: 'bystander' }
  /** The node stores the progress of work on all nodes. */
  | { readonly reason: 'milestone' }
  /** Removes what a failed or interrupted command left, within this many ms. */
  | { readonly reason: 'cleanup'; readonly withinMs: number }

/** What an errand needs of a session. */
export interface ErrandSession {
  readonly remote: (node: Node) => Promise<Remote>
  readonly signal: AbortSignal
  readonly log?: OperationLog | undefined
}

/** One round trip. @throws QuorateError as `runAgent` */
export async function runErrand(
  session: ErrandSession,
  lock: Lock,
  node: Node,
  { extension, operations, onDone, ...why }: ErrandReason & Omit<NodeWork, 'looks' | 'incoming'>,
): Promise<AgentReply> {
  session.log?.begin()
  const signal = why.reason === 'cleanup' ? AbortSignal.timeout(why.withinMs) : session.signal
  return await lock.work(await session.remote(node), { operations, looks: [], extension, onDone, signal })
}
