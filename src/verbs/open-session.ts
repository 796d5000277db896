/** A session for programs: `openSession` with everything that a program need not care about filled in. */
import { cacheDirectory } from '../files/cache-directory.ts'
import { QuorateError } from '../errors.ts'
import { type Session, type SessionOptions, openSession } from '../tiers/etcd/session.ts'
import { ETCD_STEPS } from '../tiers/etcd/steps/kinds.ts'
import { TIERS } from '../tiers/tiers.ts'
import type { Cluster } from '../spec/cluster.ts'

/** Like `SessionOptions`, all of it optional. */
export type OpenOptions = Partial<Omit<SessionOptions, 'cluster'>>

/**
 * Opens a session on a cluster; nothing is connected before it is needed. Close it, best with `await using`.
 *
 * Unless told otherwise: no events, no signal, the system's clock, the user's cache directory, and nobody to ask: a CA
 * key with a passphrase, or sudo with a password, is a `permission` error then.
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
