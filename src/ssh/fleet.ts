/** Many nodes at once: opens connections in parallel, keeps every error, closes everything at the end. */
import { tmpdir } from 'node:os'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { type TemporaryFolder, temporaryFolder } from '../files/temporary.ts'
import type { SshTarget } from '../spec/cluster.ts'
import { type ConnectionOptions, connect } from './connection.ts'
import type { Remote } from './remote.ts'
import { Slots } from './slots.ts'
import { knowsSessionOptions } from './version.ts'

export interface Fleet extends AsyncDisposable {
  /** Connects to a node, or returns the existing connection. A failure is remembered too: one attempt per host. */
  get(host: string, target: SshTarget): Promise<Remote>
  close(): Promise<void>
}

export type FleetOptions = Omit<ConnectionOptions, 'socket' | 'sessionOptions'>

/** With more than ten concurrent logins sshd begins to refuse some (MaxStartups); a jump host is affected first. */
const LOGINS_AT_ONCE = 10

/** Maximum length of the parent of the sockets' directory, in bytes; that directory's name takes 50 at most. */
const LONGEST_PLACE = 32

/** Opens nothing yet. The caller closes it, at best with `await using`. */
export async function openFleet(fleet: FleetOptions): Promise<Fleet> {
  const folder = await privateFolder()
  const connections = new Map<string, Promise<Remote>>()
  const logins = new Slots(LOGINS_AT_ONCE)
  let closed = false
  let asked: Promise<boolean> | undefined
  const open = async (host: string, target: SshTarget, socket: string) => {
    const login = await logins.take(fleet.signal)
    try {
      const sessionOptions = await (asked ??= knowsSessionOptions(fleet.signal))
      return await connect(host, target, { ...fleet, socket, sessionOptions })
    } finally {
      login[Symbol.dispose]()
    }
  }
  const close = async () => {
    closed = true
    await Promise.allSettled([...connections.values()].map(async (opening) => await (await opening).close()))
    await folder[Symbol.asyncDispose]()
  }
  return {
    get: async (host, target) => {
      if (closed) throw new TypeError('the fleet is closed')
      // The same machine may be a node and the CA's host, with another login for each.
      const key = JSON.stringify([host, target])
      const known = connections.get(key)
      if (known !== undefined) return await known
      const opening = open(host, target, path.join(folder.path, String(connections.size)))
      connections.set(key, opening)
      return await opening
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Its path is short: a Unix socket's must stay below about 100 bytes, 17 of which are ssh's own. */
async function privateFolder(): Promise<TemporaryFolder> {
  // XDG_RUNTIME_DIR may be left from another login and belong to another user, or not exist.
  const runtime = process.env['XDG_RUNTIME_DIR']
  const places = [...(runtime === undefined ? [] : [runtime]), tmpdir(), '/tmp']
  return await temporaryFolder({
    places: places.filter((place) => place.length <= LONGEST_PLACE),
  })
}

/** The outcome on each host, in the order given. */
export interface HostOutcomes<T> {
  readonly results: readonly { readonly host: string; readonly value: T }[]
  readonly errors: readonly QuorateError[]
}

/** Does the same on all hosts at once and keeps every host's result or error. A bug is rethrown. */
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
