/** What operators are told of a cluster that is as they asked for, or is about to be. */
import { leftBehind } from './facts/left-behind.ts'
import type { Observed } from './facts/observed.ts'
import { packageWarnings } from './facts/package-notes.ts'
import type { ApplyIntent } from './plan/intent.ts'
import { keptNote, keptStopped } from './plan/kept.ts'
import { openPeers } from './plan/peer-identity.ts'
import type { Session } from './session.ts'

/** Of peers that anybody could be, of members that stay stopped because an operator stopped them, and what tiers have to say. */
export function noteStanding({ cluster, emit }: Session, intent: ApplyIntent, observed: Observed): void {
  const text = openPeers(cluster, observed)
  if (text !== undefined) emit({ type: 'warning', text })
  for (const node of keptStopped(intent, observed))
    emit({ type: 'note', host: node.name, text: keptNote(node, observed.hosts[node.name]?.member) })
  for (const { name, notes } of intent.beside ?? [])
    for (const one of notes?.(cluster, observed.beside?.[name]) ?? []) emit({ type: 'note', text: one })
}

/** Of machines that left the cluster file and were not cleared. */
export async function noteLeftBehind({ cluster, emit }: Session, observed: Observed): Promise<void> {
  for (const { host, text } of await leftBehind(cluster, observed)) emit({ type: 'note', host, text })
}

/** Of packages that may undo what was done, until their operator has seen to them. */
export function notePackages({ cluster, emit }: Session, observed: Observed): void {
  for (const { host, message, fix } of packageWarnings(cluster, observed))
    if (fix !== undefined) emit({ type: 'note', host, text: `${message}. Fix: ${fix}` })
}
