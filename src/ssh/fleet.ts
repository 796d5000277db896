/** Many machines at once: connections opened in parallel, no trouble lost, everything closed at the end. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import type { SshTarget } from '../spec/cluster.ts'
import { type ConnectionOptions, connect } from './connection.ts'
import type { Remote } from './remote.ts'

export interface Fleet extends AsyncDisposable {
  /** Connects to a machine, or hands back the connection there is. A failure is remembered too: one try a host. */
  get(host: string, target: SshTarget): Promise<Remote>
  close(): Promise<void>
}

export type FleetOptions = Omit<ConnectionOptions, 'runtimeDirectory'>

/** Opens nothing yet. The caller closes it, at best with `await using`. */
export async function openFleet(fleet: FleetOptions): Promise<Fleet> {
  const runtimeDirectory = await mkdtemp(path.join(shortTemporaryFolder(), 'quorate-'))
  const connections = new Map<string, Promise<Remote>>()
  const close = async () => {
    await Promise.allSettled([...connections.values()].map(async (opening) => await (await opening).close()))
    await rm(runtimeDirectory, { recursive: true, force: true })
  }
  return {
    get: async (host, target) => {
      const known = connections.get(host)
      if (known !== undefined) return await known
      const opening = connect(host, target, { ...fleet, runtimeDirectory })
      connections.set(host, opening)
      return await opening
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A Unix socket's path must stay below about 100 bytes, and ssh adds 17 of its own while it makes one. */
function shortTemporaryFolder(): string {
  const folder = process.env['XDG_RUNTIME_DIR'] ?? tmpdir()
  return folder.length <= 30 ? folder : '/tmp'
}

/** The outcome on each host, in the order given. */
export interface HostOutcomes<T> {
  readonly results: readonly { readonly host: string; readonly value: T }[]
  readonly errors: readonly QuorateError[]
}

/** Does the same on all hosts at once and keeps every host's result or error. A bug is thrown as it is. */
export async function onAll<N extends { readonly name: string }, T>(
  nodes: readonly N[],
  action: (node: N) => Promise<T>,
): Promise<HostOutcomes<T>> {
  const settled = await Promise.allSettled(nodes.map(action))
  const results: { host: string; value: T }[] = []
  const errors: QuorateError[] = []
  for (const [index, outcome] of settled.entries()) {
    const host = nodes[index]?.name ?? ''
    if (outcome.status === 'fulfilled') results.push({ host, value: outcome.value })
    else if (outcome.reason instanceof QuorateError) errors.push(outcome.reason)
    else throw outcome.reason
  }
  return { results, errors }
}
