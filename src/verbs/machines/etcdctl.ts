/** `quorate etcdctl`: runs etcdctl on one node, as user etcd, with that node's endpoint and certificates. */
import type { Readable } from 'node:stream'
import { QuorateError, combineErrors } from '../../errors.ts'
import { bracket } from '../../etcd/bracket.ts'
import { type Cluster, type Node, etcdNodes } from '../../spec/cluster.ts'
import type { Fleet } from '../../ssh/fleet.ts'
import { passThrough } from '../../ssh/pass-through.ts'
import type { Remote } from '../../ssh/remote.ts'
import program from './etcdctl.sh?raw'

/** The exit code of the wrapper, without any output, if etcdctl could not be started. */
const NOT_THERE = 94

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
 * @throws QuorateError `usage` for a node without etcd, or an API that is not served; `etcd` if the node was not set up;
 *   `unreachable` and similar if no node can be reached; the signal's reason. An exit code other than 0 is a result.
 */
export async function etcdctl(options: EtcdctlOptions): Promise<EtcdctlResult> {
  const { cluster, args, api = 3 } = options
  if (api === 2 && !cluster.etcd.enableV2) {
    throw new QuorateError('usage', 'the v2 API is disabled in this cluster', {
      hint: 'use the v3 commands, or set `etcd.enableV2: true` in the cluster file (etcd 3.3 to 3.5)',
    })
  }
  const remote = await chosen(options)
  const argv = etcdctlArgv(cluster, args, api, remote.host)
  const { result, silent } = await passThrough(remote, argv, options)
  // No other node is tried: the input may have been read already, and one write must not become another one.
  if (silent && result.exitCode === NOT_THERE) throw notThere(remote)
  return result
}

/** The complete command, to be run as root on the node with this name. */
export function etcdctlArgv(cluster: Cluster, args: readonly string[], api: 2 | 3, host: string): string[] {
  const { flags, certificate = '' } = connection(cluster, api, host)
  return ['sh', '-c', program, 'etcdctl', String(api), certificate, ...flags, ...args]
}

interface Connection {
  readonly flags: readonly string[]
  /** The client certificate that the flags name, if they name one. */
  readonly certificate?: string | undefined
}

function connection({ etcd, pki, nodes }: Cluster, api: 2 | 3, host: string): Connection {
  const plaintext = etcd.localPlaintext || etcd.plaintextClients
  // A member that was set up without TLS may not listen on the loopback address yet.
  const own = etcd.plaintextClients ? nodes.find(({ name }) => name === host)?.address : undefined
  const where = `${bracket(own ?? '127.0.0.1')}:${etcd.clientPort}`
  const endpoint = [`--endpoints=${plaintext ? 'http' : 'https'}://${where}`]
  // Without this option the v2 client would ask the endpoint for all members, and connect to those instead of this
  // node.
  if (api === 2) endpoint.push('--no-sync')
  if (plaintext) return { flags: endpoint }
  const names =
    api === 2
      ? (['--ca-file', '--cert-file', '--key-file'] as const)
      : (['--cacert', '--cert', '--key'] as const)
  const pair = `/etc/ssl/etcd/${pki.layout === 'single' ? 'etcd' : 'server'}`
  const [ca, certificate, key] = names
  return {
    flags: [...endpoint, `${ca}=/etc/ssl/etcd/ca.crt`, `${certificate}=${pair}.crt`, `${key}=${pair}.key`],
    certificate: `${pair}.crt`,
  }
}

function notThere({ host }: Pick<Remote, 'host'>): QuorateError {
  return new QuorateError('etcd', 'etcdctl or its certificate is missing: the node was not set up', {
    id: 'no-etcdctl-there',
    host,
    hint: 'set up the cluster: quorate apply; if other nodes are set up, name one of them: quorate etcdctl NODE -- …',
  })
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
