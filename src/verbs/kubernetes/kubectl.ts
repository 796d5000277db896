/** `quorate kubectl`: Kubernetes' own tool on a master, as root, with the credentials that lie there. */
import type { Readable } from 'node:stream'
import { QuorateError, combineErrors } from '../../errors.ts'
import { bracket } from '../../etcd/bracket.ts'
import { type Cluster, type Node, nodesWith } from '../../spec/cluster.ts'
import { API_PORT } from '../../spec/defaults.ts'
import type { Fleet } from '../../ssh/fleet.ts'
import program from './kubectl.sh?raw'

/** Of output that nobody takes as it comes, in bytes. */
const MOST_BYTES = 64 * 1024 ** 2

/** What the program ends with, with no byte of output, where kubectl was not started. */
const NOT_READY = 93
const NOT_THERE = 94

/** kubectl's words that ask whether it can be started, with output that nobody sees. */
const READY = ['version', '--client'] as const
const UNSEEN = { onStdout: undefined, onStderr: undefined } as const

export interface KubectlOptions {
  readonly cluster: Cluster
  /** Name of a master; undefined: the first one, in the file's order, whose API server is ready. */
  readonly node?: string | undefined
  /** kubectl's own arguments, passed on unchanged. */
  readonly args: readonly string[]
  readonly fleet: Pick<Fleet, 'get'>
  readonly stdin?: string | Uint8Array | Readable | undefined
  /** It gets the terminal of this process: keys, size, and both outputs as one. Nothing of it comes back but the exit code. */
  readonly terminal?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** Called with output as it arrives, byte for byte; the result then holds none of it. */
  readonly onStdout?: ((bytes: Uint8Array) => void) | undefined
  readonly onStderr?: ((bytes: Uint8Array) => void) | undefined
}

export interface KubectlResult {
  readonly host: string
  /** kubectl's. */
  readonly exitCode: number
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

/**
 * @throws QuorateError `usage` for a node that is no master, or a cluster without Kubernetes; `kubernetes` where no API server is
 * ready; `unreachable` and the like where no master can be reached; the signal's reason. An exit code other than 0 is a result.
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
    hint: `use one of the control-plane nodes: ${masters.map((one) => one.name).join(', ')}`,
  })
}

/** @throws QuorateError where kubectl was not started: another master may do it then */
async function kubectlOn(node: Node, options: KubectlOptions): Promise<KubectlResult> {
  const { cluster, args, signal, stdin } = options
  const remote = await options.fleet.get(node.name, node.ssh)
  const port = cluster.loadBalancer?.apiPort ?? API_PORT
  const argv = ['sh', '-c', program, 'kubectl', `https://${bracket(node.address)}:${port}`, ...args]
  if (options.terminal === true) {
    // Asked before: what a program on the terminal ends with may be any number.
    await kubectlOn(node, { ...options, args: READY, stdin: undefined, terminal: false, ...UNSEEN })
    const exitCode = await remote.attach({ argv, root: true })
    return { host: remote.host, exitCode, stdout: Buffer.of(), stderr: Buffer.of() }
  }
  let begun = false
  const pass = (take: ((bytes: Uint8Array) => void) | undefined) => (text: string) => {
    begun = true
    take?.(Buffer.from(text, 'latin1'))
  }
  const { stdout, stderr, exitCode } = await remote.run({
    argv,
    root: true,
    stdin,
    signal,
    encoding: 'latin1',
    // Its user's program: a watch has no end, and no bound where it is passed on.
    patience: 'endless',
    changes: true,
    keep: options.onStdout === undefined,
    maxBytes: MOST_BYTES,
    onStdout: pass(options.onStdout),
    onStderr: pass(options.onStderr),
  })
  if (!begun && exitCode === NOT_READY) throw notReady(node)
  if (!begun && exitCode === NOT_THERE) throw notThere(node)
  return {
    host: remote.host,
    exitCode,
    stdout: Buffer.from(stdout, 'latin1'),
    stderr: Buffer.from(stderr, 'latin1'),
  }
}

function notReady({ name }: Node): QuorateError {
  return new QuorateError('kubernetes', `the API server on ${name} is not ready`, {
    host: name,
    hint: 'check etcd and every API server: quorate status',
  })
}

function notThere({ name }: Node): QuorateError {
  return new QuorateError('kubernetes', `kubectl with credentials not found on ${name}`, {
    host: name,
    hint: 'set up the control-plane nodes: quorate apply',
  })
}
