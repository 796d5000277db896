/** `quorate etcdctl`: etcd's own tool on one node, as user etcd, with that node's endpoint and certificates filled in. */
import type { Readable } from 'node:stream'
import { QuorateError, combineErrors } from '../../errors.ts'
import { bracket } from '../../etcd/bracket.ts'
import { type Cluster, type Node, etcdNodes } from '../../spec/cluster.ts'
import type { Fleet } from '../../ssh/fleet.ts'
import type { Remote } from '../../ssh/remote.ts'
import program from './etcdctl.sh?raw'

/** Of output that nobody takes as it comes, in bytes. */
const MOST_BYTES = 64 * 1024 ** 2

export interface EtcdctlOptions {
  readonly cluster: Cluster
  /** Name of an etcd node; undefined: the first one, in the file's order, that can be reached. */
  readonly node?: string | undefined
  /** etcdctl's own arguments, passed on unchanged. */
  readonly args: readonly string[]
  /** `2` for the v2 API, where the version has it and `enableV2` is set. */
  readonly api?: 2 | 3 | undefined
  readonly fleet: Pick<Fleet, 'get'>
  readonly stdin?: string | Uint8Array | Readable | undefined
  readonly signal?: AbortSignal | undefined
  /** Called with output as it arrives, byte for byte; the result then holds none of it. */
  readonly onStdout?: ((bytes: Uint8Array) => void) | undefined
  readonly onStderr?: ((bytes: Uint8Array) => void) | undefined
}

export interface EtcdctlResult {
  readonly host: string
  /** etcdctl's. */
  readonly exitCode: number
  /** Bytes, because what etcd stores need not be text. */
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

/**
 * @throws QuorateError `usage` for a node without etcd or an API that is not served; `unreachable` and the like where
 * no node can be reached; the signal's reason. An exit code other than 0 is a result.
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
    // Its user's program: a watch has no end, and no bound where it is passed on.
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

/** The whole command, to be run as root on the node with this name. */
export function etcdctlArgv(cluster: Cluster, args: readonly string[], api: 2 | 3, host: string): string[] {
  return ['sh', '-c', program, 'etcdctl', String(api), ...connectionFlags(cluster, api, host), ...args]
}

function connectionFlags({ etcd, pki, nodes }: Cluster, api: 2 | 3, host: string): string[] {
  const plaintext = etcd.localPlaintext || etcd.plaintextClients
  // A member that was set up without TLS need not listen on the loopback yet.
  const own = etcd.plaintextClients ? nodes.find(({ name }) => name === host)?.address : undefined
  const where = `${bracket(own ?? '127.0.0.1')}:${etcd.clientPort}`
  const endpoint = [`--endpoints=${plaintext ? 'http' : 'https'}://${where}`]
  // The v2 client would ask that endpoint for the others and go to those: one node is meant here.
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

/** One after the other: the usual case is that the first one answers. */
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
