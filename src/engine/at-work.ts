/** A refusal may only be due to another operator's unfinished work: then that is what is reported. */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import { whoIsAtWork } from './lock-look.ts'
import type { Node } from '../spec/cluster.ts'
import type { Remote } from '../ssh/remote.ts'
import { onAll } from '../ssh/fleet.ts'

/** How long to wait for slow nodes, when the refusal is already known. */
const PATIENCE_MS = 5_000

/** What it needs of a session. */
export interface AtMachines {
  readonly cluster: { readonly nodes: readonly Node[] }
  readonly remote: (node: Node) => Promise<Remote>
  readonly signal: AbortSignal
}

/** @returns the error itself; or, if it is `blocked` and the lock is held, `locked` with the holder and both messages. */
export async function namingWhoIsAtWork(session: AtMachines, error: unknown): Promise<unknown> {
  if (!(error instanceof QuorateError) || error.code !== 'blocked') return error
  const patience = new AbortController()
  const held = await Promise.race([
    atWork(session).catch(() => undefined),
    sleep(PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => undefined),
  ])
  patience.abort()
  if (held === undefined) return error
  const message = `${held.message}. Until then:\n${error.message}`
  return new QuorateError('locked', message, {
    host: held.host,
    impact: error.impact,
    hint: held.hint,
    id: held.ids,
    cause: error,
  })
}

async function atWork(session: AtMachines): Promise<QuorateError | undefined> {
  const { results } = await onAll(session.cluster.nodes, async (node) => await session.remote(node))
  return await whoIsAtWork(
    results.map(({ value }) => value),
    session.signal,
  )
}
