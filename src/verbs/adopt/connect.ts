/** Connects to nodes that no cluster file names yet: checks host keys first, then opens connections. */
import path from 'node:path'
import { type Discovery, discover } from '../../adopt/discover.ts'
import type { Destination } from '../../adopt/member.ts'
import { QuorateError, combineErrors } from '../../errors.ts'
import type { SshTarget } from '../../spec/cluster.ts'
import { type Fleet, onAll } from '../../ssh/fleet.ts'
import type { Emit } from '../../engine/events.ts'
import type { ScannedKey } from '../../ssh/trust.ts'
import { type TrustTarget, trust } from '../../ssh/trust-hosts.ts'
import type { DraftOptions } from './observe.ts'

export interface ConnectOptions extends Pick<DraftOptions, 'file' | 'ssh'> {
  /** Nodes of the cluster, at least one; quorate finds the other members. */
  readonly destinations: readonly Destination[]
  /** Needed if several etcd processes run on a node: the one that serves clients at this port. */
  readonly clientPort?: number | undefined
  /** Receives new host keys, and returns those to record, as for `trust`. */
  readonly decideKeys: (keys: readonly ScannedKey[]) => Promise<readonly ScannedKey[]>
  readonly emit: Emit
  readonly signal: AbortSignal
}

export async function discoverAll(
  options: ConnectOptions,
  fleet: Fleet,
  knownHosts: string,
): Promise<Discovery> {
  const { destinations, ssh, emit, signal } = options
  return await discover({
    destinations,
    clientPort: options.clientPort,
    signal,
    destinationOf: (address) => ({ host: address, user: ssh.user ?? destinations[0]?.user }),
    connect: async (wanted) => {
      const targets = wanted.map((one): TrustTarget => ({ name: one.host, ssh: targetOf(one, options) }))
      await trustAll(options, knownHosts, targets)
      emit({ type: 'looking', hosts: targets.map(({ name }) => name) })
      const { results, errors } = await onAll(targets, async (target) => {
        const started = performance.now()
        const remote = await fleet.get(target.name, target.ssh)
        emit({ type: 'connected', host: target.name, durationMs: performance.now() - started })
        return remote
      })
      if (errors.length > 0) throw combineErrors(errors)
      return results.map(({ value }) => value)
    },
  })
}

/** @throws QuorateError for nodes whose keys can't be read, or differ from the recorded ones */
export async function trustAll(
  { decideKeys, signal }: Pick<ConnectOptions, 'decideKeys' | 'signal'>,
  knownHosts: string,
  nodes: readonly TrustTarget[],
): Promise<void> {
  const { errors, refused } = await trust({ nodes, knownHosts, decide: decideKeys, signal })
  if (errors.length > 0) throw combineErrors(errors)
  const [changed] = refused
  if (changed === undefined) return
  throw new QuorateError('host-key', `host key of ${changed.name} differs from the recorded one`, {
    host: changed.host,
    hint: `only if the machine was reinstalled, remove its line from the known hosts (${knownHosts}, or your own): ssh-keygen -R ${changed.name}`,
  })
}

function targetOf({ host, user }: Destination, { file, ssh }: ConnectOptions): SshTarget {
  const identityFile = ssh.identityFile?.startsWith('~')
    ? path.join(process.env['HOME'] ?? '', ssh.identityFile.slice(1))
    : ssh.identityFile && path.resolve(path.dirname(file), ssh.identityFile)
  return { host, user: user ?? ssh.user, port: ssh.port, identityFile, jump: ssh.jump }
}
