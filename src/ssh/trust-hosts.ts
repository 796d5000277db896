/** Shows the host keys of machines, and records those that a person has found right. */
import { type QuorateError } from '../errors.ts'
import type { Cluster, Node, SshTarget } from '../spec/cluster.ts'
import { onAll } from './fleet.ts'
import { recordHostKeys } from './record.ts'
import { type ScannedKey, scanHostKey } from './trust.ts'

export interface TrustOptions {
  /** Nodes, and whatever else is reached over SSH; see `trustTargets`. */
  readonly nodes: readonly TrustTarget[]
  /** The cluster's known_hosts file. */
  readonly knownHosts: string
  /**
   * Is shown the keys that are new (with `replace`: the changed ones as well) and answers which of their lines to
   * record. Not called where there are none.
   */
  readonly decide: (keys: readonly ScannedKey[]) => Promise<readonly ScannedKey[]>
  /** Changed keys may be replaced too. */
  readonly replace?: boolean | undefined
  readonly connectTimeoutSeconds?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface TrustTarget {
  readonly name: string
  readonly ssh: SshTarget
}

export interface TrustResult {
  /** Every key that was seen, each once, jump hosts before what lies behind them. */
  readonly keys: readonly ScannedKey[]
  readonly recorded: readonly ScannedKey[]
  /** Changed keys that were left as they are, because `replace` was not set. */
  readonly refused: readonly ScannedKey[]
  /** Hosts whose keys could not be had. */
  readonly errors: readonly QuorateError[]
}

/** The nodes, and the CA's host where the CA lives on one. */
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
  const { knownHosts, connectTimeoutSeconds, signal } = options
  const { results, errors } = await onAll(
    options.nodes,
    async ({ name, ssh }) => await scanHostKey(name, ssh, { knownHosts, connectTimeoutSeconds, signal }),
  )
  // One jump host is on the way to many.
  const keys = [...new Map(results.flatMap(({ value }) => value).map((key) => [key.line, key])).values()]
  const changed = keys.filter(({ status }) => status === 'changed')
  const open = keys.filter(
    ({ status }) => status === 'new' || (status === 'changed' && options.replace === true),
  )
  const accepted = open.length === 0 ? [] : await options.decide(open)
  const recorded = open.filter((key) => accepted.includes(key))
  await recordHostKeys(knownHosts, recorded)
  return { keys, recorded, refused: options.replace === true ? [] : changed, errors }
}
