/** What a node renamed instead of deleting it: needed for a rollback. */
import type { AgentReply } from '../host/agent.ts'

export interface Moved {
  readonly host: string
  readonly from: string
  readonly to: string
}

/** The agent's notes are `moved FROM TO`; paths from a cluster file contain no spaces. */
export function movedOn(host: string, { notes }: Pick<AgentReply, 'notes'>): readonly Moved[] {
  return notes.map((note) => {
    const [, from = '', to = ''] = note.split(' ')
    return { host, from, to }
  })
}

/** Of all nodes of a stage. */
export function movedIn(replies: ReadonlyMap<string, AgentReply>): readonly Moved[] {
  return [...replies].flatMap(([host, reply]) => movedOn(host, reply))
}
