/** `quorate kubectl`: runs kubectl on a control-plane node, as root, with the credentials on that node. */
import { Readable } from 'node:stream'
import { QuorateError, combineErrors } from '../../errors.ts'
import { bracket } from '../../etcd/bracket.ts'
import { type Cluster, type Node, nodesWith } from '../../spec/cluster.ts'
import { API_PORT } from '../../spec/defaults.ts'
import type { Fleet } from '../../ssh/fleet.ts'
import { passThrough } from '../../ssh/pass-through.ts'
import program from './kubectl.sh?raw'

/** The exit code of the wrapper, without any output, if kubectl could not be started. */
const NOT_READY = 93
const NOT_THERE = 94

/** Arguments that check whether kubectl can start. The output is discarded. */
const READY = ['version', '--client'] as const
const UNSEEN = { onStdout: undefined, onStderr: undefined } as const

export interface KubectlOptions {
  readonly cluster: Cluster
  /** Name of a control-plane node; undefined: the first one, in the file's order, with a ready API server. */
  readonly node?: string | undefined
  /** kubectl's own arguments, passed on unchanged. */
  readonly args: readonly string[]
  readonly fleet: Pick<Fleet, 'get'>
  readonly stdin?: string | Uint8Array | Readable | undefined
  /**
   * Connects kubectl to this process's terminal: keys, size, and both outputs as one. Only the exit code is returned.
   */
  readonly terminal?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** Receives output as it arrives, byte for byte; the result then contains none. */
  readonly onStdout?: ((bytes: Uint8Array) => void) | undefined
  readonly onStderr?: ((bytes: Uint8Array) => void) | undefined
}

export interface KubectlResult {
  readonly host: string
  /** The exit code of kubectl. */
  readonly exitCode: number
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

/**
 * @throws QuorateError `usage` for a node that is not a control-plane node, or a cluster without Kubernetes;
 *   `kubernetes` if no API server is ready; `unreachable` and similar if no control-plane node can be reached; the
 *   signal's reason. An exit code other than 0 is a result.
 */
export async function kubectl(options: KubectlOptions): Promise<KubectlResult> {
  const errors: QuorateError[] = []
  for (const node of candidates(options)) {
    try {
      return await kubectlOn(node, options)
    } catch (error) {
      if (!(error instanceof QuorateError) || options.signal?.aborted === true) throw error
      errors.push(error)
    }
  }
  throw combineErrors(errors)
}

function candidates({ cluster, node: name }: KubectlOptions): readonly Node[] {
  const masters = nodesWith(cluster, 'master')
  if (cluster.kubernetes === undefined || masters.length === 0) {
    throw new QuorateError('usage', 'quorate runs no Kubernetes in this cluster', {
      hint: 'add the section `kubernetes` to the cluster file',
    })
  }
  if (name === undefined) return masters
  const chosen = masters.filter((one) => one.name === name)
  if (chosen.length > 0) return chosen
  throw new QuorateError('usage', `'${name}' is not a control-plane node of the cluster file`, {
    id: 'not-a-master',
    hint: `use one of the control-plane nodes: ${masters.map((one) => one.name).join(', ')}`,
  })
}

/** @throws QuorateError if kubectl could not be started: another control-plane node may be able to */
async function kubectlOn(node: Node, options: KubectlOptions): Promise<KubectlResult> {
  const { cluster, args, stdin } = options
  const remote = await options.fleet.get(node.name, node.ssh)
  const port = cluster.loadBalancer?.apiPort ?? API_PORT
  const argv = ['sh', '-c', program, 'kubectl', `https://${bracket(node.address)}:${port}`, ...args]
  // Checked beforehand: a program on the terminal can return any exit code, and a stream can be read only once.
  if (options.terminal === true || stdin instanceof Readable)
    await kubectlOn(node, { ...options, args: READY, stdin: undefined, terminal: false, ...UNSEEN })
  if (options.terminal === true) {
    const exitCode = await remote.attach({ argv, root: true })
    return { host: remote.host, exitCode, stdout: Buffer.of(), stderr: Buffer.of() }
  }
  const { result, silent } = await passThrough(remote, argv, options)
  if (silent && result.exitCode === NOT_READY) throw notReady(node)
  if (silent && result.exitCode === NOT_THERE) throw notThere(node)
  return result
}

function notReady({ name }: Node): QuorateError {
  return new QuorateError('kubernetes', `the API server on ${name} is not ready`, {
    id: 'api-server-is-not-ready',
    host: name,
    hint: 'check etcd and every API server: quorate status',
  })
}

function notThere({ name }: Node): QuorateError {
  return new QuorateError('kubernetes', `kubectl with credentials not found on ${name}`, {
    id: 'no-kubectl-there',
    host: name,
    hint: 'set up the control-plane nodes: quorate apply',
  })
}
