/** `quorate etcdctl`: runs etcdctl on one node, as user etcd, with that node's endpoint and certificates. */
import type { Readable } from 'node:stream'
import { QuorateError, combineErrors } from '../../errors.ts'
import { bracket } from '../../etcd/bracket.ts'
import { type Cluster, type Node, etcdNodes } from '../../spec/cluster.ts'
import type { Fleet } from '../../ssh/fleet.ts'
import type { Remote } from '../../ssh/remote.ts'
import program from './etcdctl.sh?raw'

/** Limit for output that is not streamed to the caller, in bytes. */
const MOST_BYTES = 64 * 1024 ** 2

export interface EtcdctlOptions {
  readonly cluster: Cluster
  /** Name of an etcd node; undefined: the first reachable one, in the file's order. */
  readonly node?: string | undefined
  /** etcdctl's own arguments, passed on unchanged. */
  readonly args: readonly string[]
  /** `2` for the v2 API, if the version has it and `enableV2` is set. */
  readonly api?: 2 | 3 | undefined
  readonly fleet: Pick<Fleet, 'get'>
  readonly stdin?: string | Uint8Array | Readable | undefined
  readonly signal?: AbortSignal | undefined
  /** Receives output as it arrives, byte for byte; the result then contains none. */
  readonly onStdout?: ((bytes: Uint8Array) => void) | undefined
  readonly onStderr?: ((bytes: Uint8Array) => void) | undefined
}

export interface EtcdctlResult {
  readonly host: string
  /** The exit code of etcdctl. */
  readonly exitCode: number
  /** Bytes, because values in etcd need not be text. */
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

/**
 * @throws QuorateError `usage` for a node without etcd, or an API that is not served; `unreachable` and similar if no
 *   node can be reached; the signal's reason. An exit code other than 0 is a result.
 */
export async function etcdctl(options: EtcdctlOptions): Promise<EtcdctlResult> {
  const { cluster, args, api = 3, signal } = options
  if (api === 2 && !cluster.etcd.enableV2) {
    throw new QuorateError('usage', 'the v2 API is disabled in this cluster', {
      hint: 'use the v3 commands, or set `etcd.enableV2: true` in the cluster file (etcd 3.3 to 3.5)',
    })
  }
  const remote = await chosen(options)
  const { stdout, stderr, exitCode } = await remote.run({
    argv: etcdctlArgv(cluster, args, api, remote.host),
    root: true,
    stdin: options.stdin,
    signal,
    encoding: 'latin1',
    // The user decides what runs: a watch never ends, and streamed output has no limit.
    patience: 'endless',
    changes: true,
    keep: options.onStdout === undefined,
    maxBytes: MOST_BYTES,
    onStdout: (text) => options.onStdout?.(Buffer.from(text, 'latin1')),
    onStderr: (text) => options.onStderr?.(Buffer.from(text, 'latin1')),
  })
  return {
    host: remote.host,
    exitCode,
    stdout: Buffer.from(stdout, 'latin1'),
    stderr: Buffer.from(stderr, 'latin1'),
  }
}

/** The complete command, to be run as root on the node with this name. */
export function etcdctlArgv(cluster: Cluster, args: readonly string[], api: 2 | 3, host: string): string[] {
  return ['sh', '-c', program, 'etcdctl', String(api), ...connectionFlags(cluster, api, host), ...args]
}

function connectionFlags({ etcd, pki, nodes }: Cluster, api: 2 | 3, host: string): string[] {
  const plaintext = etcd.localPlaintext || etcd.plaintextClients
  // A member that was set up without TLS may not listen on the loopback address yet.
  const own = etcd.plaintextClients ? nodes.find(({ name }) => name === host)?.address : undefined
  const where = `${bracket(own ?? '127.0.0.1')}:${etcd.clientPort}`
  const endpoint = [`--endpoints=${plaintext ? 'http' : 'https'}://${where}`]
  // Without this option the v2 client would ask the endpoint for all members, and connect to those instead of this
  // node.
  if (api === 2) endpoint.push('--no-sync')
  if (plaintext) return endpoint
  const names =
    api === 2
      ? (['--ca-file', '--cert-file', '--key-file'] as const)
      : (['--cacert', '--cert', '--key'] as const)
  const pair = pki.layout === 'single' ? 'etcd' : 'server'
  const [ca, certificate, key] = names
  return [
    ...endpoint,
    `${ca}=/etc/ssl/etcd/ca.crt`,
    `${certificate}=/etc/ssl/etcd/${pair}.crt`,
    `${key}=/etc/ssl/etcd/${pair}.key`,
  ]
}

async function chosen({ cluster, node: name, fleet }: EtcdctlOptions): Promise<Remote> {
  const nodes = etcdNodes(cluster)
  const names = nodes.map((node) => node.name).join(', ')
  if (name === undefined) return await firstReachable(nodes, fleet)
  const node = nodes.find((one) => one.name === name)
  if (node === undefined)
    throw new QuorateError('usage', `'${name}' is not an etcd node of the cluster file`, {
      hint: `use one of the etcd nodes: ${names}`,
    })
  return await fleet.get(node.name, node.ssh)
}

/** Tries one node after the other, because usually the first one answers. */
async function firstReachable(nodes: readonly Node[], fleet: Pick<Fleet, 'get'>): Promise<Remote> {
  const errors: QuorateError[] = []
  for (const node of nodes) {
    try {
      return await fleet.get(node.name, node.ssh)
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
      errors.push(error)
    }
  }
  if (errors.length === 0) throw new QuorateError('usage', 'no node of the cluster file has the role etcd')
  throw combineErrors(errors)
}
