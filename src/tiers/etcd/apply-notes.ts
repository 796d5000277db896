/** Notes about a cluster that matches the cluster file, or is about to. */
import { leftBehind } from './facts/left-behind.ts'
import type { Observed } from './facts/observed.ts'
import { packageWarnings } from './facts/package-notes.ts'
import type { ApplyIntent } from './plan/intent.ts'
import { keptNote, keptStopped } from './plan/kept.ts'
import { openPeers } from './plan/peer-identity.ts'
import type { Session } from './session.ts'

/**
 * Notes about peers that accept any certificate, about members that stay stopped because an operator stopped them, and
 * from tiers.
 */
export function noteStanding({ cluster, emit }: Session, intent: ApplyIntent, observed: Observed): void {
  const text = openPeers(cluster, observed)
  if (text !== undefined) emit({ type: 'warning', text })
  for (const node of keptStopped(intent, observed))
    emit({ type: 'note', host: node.name, text: keptNote(node, observed.hosts[node.name]?.member) })
  for (const { name, notes } of intent.beside ?? [])
    for (const one of notes?.(cluster, observed.beside?.[name]) ?? []) emit({ type: 'note', text: one })
}

/** A note about nodes that left the cluster file without being reset. */
export async function noteLeftBehind({ cluster, emit }: Session, observed: Observed): Promise<void> {
  for (const { host, text } of await leftBehind(cluster, observed)) emit({ type: 'note', host, text })
}

/** A note about packages that may undo changes until an operator has handled them. */
export function notePackages({ cluster, emit }: Session, observed: Observed): void {
  for (const { host, message, fix } of packageWarnings(cluster, observed))
    if (fix !== undefined) emit({ type: 'note', host, text: `${message}. Fix: ${fix}` })
}
