/** A session for programs: `openSession` with defaults for everything that a program need not set. */
import { cacheDirectory } from '../files/cache-directory.ts'
import { QuorateError } from '../errors.ts'
import { type Session, type SessionOptions, openSession } from '../tiers/etcd/session.ts'
import { ETCD_STEPS } from '../tiers/etcd/steps/kinds.ts'
import { TIERS } from '../tiers/tiers.ts'
import type { Cluster } from '../spec/cluster.ts'

/** Like `SessionOptions`, but all optional. */
export type OpenOptions = Partial<Omit<SessionOptions, 'cluster'>>

/**
 * Opens a session on a cluster; connects to a node only when needed. Close it, best with `await using`.
 *
 * Defaults: no events, no signal, the system's clock, the user's cache directory, and no prompts. A CA key with a
 * passphrase, or sudo with a password, is then a `permission` error.
 *
 * @example
 * const { cluster } = await loadClusterFile('cluster.yaml')
 * await using session = await openSession(cluster, { emit: (event) => console.log(event) })
 * const { changed } = await apply(session)
 */
export async function openClusterSession(cluster: Cluster, options: OpenOptions = {}): Promise<Session> {
  return await openSession({
    cluster,
    emit: options.emit ?? (() => undefined),
    signal: options.signal ?? new AbortController().signal,
    now: options.now ?? (() => new Date()),
    cacheDirectory: options.cacheDirectory ?? cacheDirectory(process.env),
    askPassphrase: options.askPassphrase ?? nobodyToAsk,
    sudoPassword: options.sudoPassword,
    interactive: options.interactive,
    steps: ETCD_STEPS,
    tiers: options.tiers ?? TIERS,
  })
}

async function nobodyToAsk(purpose: string): Promise<string> {
  throw new QuorateError('permission', `can't ask for the passphrase of ${purpose}`, {
    hint: 'pass an askPassphrase function to openSession',
  })
}
