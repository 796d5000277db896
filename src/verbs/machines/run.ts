/** `quorate run`: one command on many machines at once. */
import { QuorateError } from '../../errors.ts'
import { type Cluster, type Node, ROLES, selectNodes } from '../../spec/cluster.ts'
import type { Fleet } from '../../ssh/fleet.ts'

/** Of one machine's output, which is shown when it is whole, in bytes. */
const OUTPUT_BYTES = 32 * 1024 ** 2

export interface RunOptions {
  readonly cluster: Cluster
  /** A role, a group, a node's name, or `common` for all nodes. */
  readonly selector: string
  /** Program and arguments, passed on unchanged. */
  readonly argv: readonly string[]
  readonly fleet: Pick<Fleet, 'get'>
  /** Run as root there, through sudo where the login is another user. */
  readonly root?: boolean | undefined
  /** What the command reads, on every machine the same. */
  readonly stdin?: string | Uint8Array | undefined
  readonly signal?: AbortSignal | undefined
  /** Told of each machine as it is done, in the order they finish. */
  readonly emit?: ((result: RunResult) => void) | undefined
}

/** What came of the command on one machine: its result, or why there is none. */
export type RunResult =
  | {
      readonly host: string
      /** Whom the command ran as. */
      readonly user: string
      readonly exitCode: number
      readonly stdout: string
      readonly stderr: string
      readonly durationMs: number
    }
  | { readonly host: string; readonly error: QuorateError }

/**
 * Runs the command on all selected machines in parallel. The results are in the cluster file's order; one machine's
 * trouble keeps no other from its result.
 *
 * @throws QuorateError `usage` for an empty command or a selector that names nothing; the signal's reason
 */
export async function runOnNodes(options: RunOptions): Promise<readonly RunResult[]> {
  const { cluster, selector, argv, signal } = options
  if (argv.length === 0) {
    throw new QuorateError('usage', 'no command to run', {
      hint: `put the command after \`--\`: quorate run ${selector} -- ls -la /etc`,
    })
  }
  const nodes = selectedNodes(cluster, selector)
  const results = await Promise.all(
    nodes.map(async (node) => {
      const result = await runOnNode(node, options)
      options.emit?.(result)
      return result
    }),
  )
  signal?.throwIfAborted()
  return results
}

/** Whether the command ended with exit code 0 everywhere. */
export function allSucceeded(results: readonly RunResult[]): boolean {
  return results.every((result) => 'exitCode' in result && result.exitCode === 0)
}

/** @throws QuorateError `usage` with everything that could be named instead */
export function selectedNodes(cluster: Cluster, selector: string): readonly Node[] {
  const nodes = selectNodes(cluster, selector)
  if (nodes.length > 0) return nodes
  const roles = ROLES.filter((role) => selectNodes(cluster, role).length > 0)
  const groups = Object.keys(cluster.groups)
  const named = (ROLES as readonly string[]).includes(selector) || groups.includes(selector)
  const message = named
    ? `no node of the cluster file is in '${selector}'`
    : `'${selector}' is not a role, group or node of the cluster file`
  const hint = [
    `roles: ${['all', ...roles].join(', ')}`,
    ...(groups.length > 0 ? [`groups: ${groups.join(', ')}`] : []),
    `nodes: ${cluster.nodes.map(({ name }) => name).join(', ')}`,
  ]
  throw new QuorateError('usage', message, { hint: hint.join('\n') })
}

async function runOnNode(node: Node, { fleet, argv, root, stdin, signal }: RunOptions): Promise<RunResult> {
  try {
    const remote = await fleet.get(node.name, node.ssh)
    const { exitCode, stdout, stderr, durationMs } = await remote.run({
      argv,
      root,
      environment: 'login',
      stdin,
      signal,
      // The operator's own program: nobody else knows how long it takes, and Ctrl-C ends it.
      patience: 'endless',
      changes: true,
      maxBytes: OUTPUT_BYTES,
    })
    return {
      host: node.name,
      user: root ? 'root' : remote.user,
      exitCode,
      stdout,
      stderr,
      durationMs: Math.round(durationMs),
    }
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error
    return { host: node.name, error }
  }
}
