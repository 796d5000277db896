/** Shows the host keys of nodes, and records those that a person has confirmed. */
import { type QuorateError } from '../errors.ts'
import type { Cluster, Node, SshTarget } from '../spec/cluster.ts'
import { onAll } from './fleet.ts'
import { recordHostKeys } from './record.ts'
import { type ScannedKey, scanHostKey } from './trust.ts'

export interface ScanOptions {
  /** Nodes, and other hosts reached over SSH; see `trustTargets`. */
  readonly nodes: readonly TrustTarget[]
  /** The cluster's known_hosts file. */
  readonly knownHosts: string
  /** Changed keys may be replaced too. */
  readonly replace?: boolean | undefined
  readonly connectTimeoutSeconds?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface TrustOptions extends ScanOptions {
  /**
   * Gets the new keys (with `replace` also the changed ones) and returns which of their lines to record. Not
   * called without any.
   */
  readonly decide: (keys: readonly ScannedKey[]) => Promise<readonly ScannedKey[]>
}

export interface TrustTarget {
  readonly name: string
  readonly ssh: SshTarget
}

export interface HostKeys {
  /** Every key that was seen, each once, jump hosts before the hosts behind them. */
  readonly keys: readonly ScannedKey[]
  /** Those that can be recorded. */
  readonly open: readonly ScannedKey[]
  /** Changed keys that were not replaced, because `replace` was not set. */
  readonly refused: readonly ScannedKey[]
  /** Hosts whose keys could not be read. */
  readonly errors: readonly QuorateError[]
}

export interface TrustResult extends Omit<HostKeys, 'open'> {
  readonly recorded: readonly ScannedKey[]
}

/** The nodes, and the CA's host if the CA is on a host. */
export function trustTargets(cluster: Cluster, nodes: readonly Node[] = cluster.nodes): TrustTarget[] {
  const { authority } = cluster.pki
  const targets: TrustTarget[] = nodes.map(({ name, ssh }) => ({ name, ssh }))
  const everything = nodes.length === cluster.nodes.length
  if (authority.home === 'host' && everything && !targets.some(({ name }) => name === authority.hostName)) {
    targets.push({ name: authority.hostName, ssh: authority.ssh })
  }
  return targets
}

export async function trust(options: TrustOptions): Promise<TrustResult> {
  const { open, ...seen } = await scanHosts(options)
  const accepted = open.length === 0 ? [] : await options.decide(open)
  const recorded = open.filter((key) => accepted.includes(key))
  await recordHostKeys(options.knownHosts, recorded)
  return { ...seen, recorded }
}

export async function scanHosts(options: ScanOptions): Promise<HostKeys> {
  const { knownHosts, connectTimeoutSeconds, signal, replace = false } = options
  const { results, errors } = await onAll(
    options.nodes,
    async ({ name, ssh }) => await scanHostKey(name, ssh, { knownHosts, connectTimeoutSeconds, signal }),
  )
  // One jump host may lead to many nodes.
  const keys = [...new Map(results.flatMap(({ value }) => value).map((key) => [key.line, key])).values()]
  const changed = keys.filter(({ status }) => status === 'changed')
  const open = keys.filter(({ status }) => status === 'new' || (status === 'changed' && replace))
  return { keys, open, refused: replace ? [] : changed, errors }
}
