/** `quorate run`: runs one command on many nodes at once. */
import { QuorateError } from '../../errors.ts'
import { type Cluster, type Node, ROLES, selectNodes } from '../../spec/cluster.ts'
import type { Fleet } from '../../ssh/fleet.ts'

/** Limit for one node's output, which is shown when it is complete, in bytes. */
const OUTPUT_BYTES = 32 * 1024 ** 2

export interface RunOptions {
  readonly cluster: Cluster
  /** A role, a group, a node's name, or `common` for all nodes. */
  readonly selector: string
  /** Program and arguments, passed on unchanged. */
  readonly argv: readonly string[]
  readonly fleet: Pick<Fleet, 'get'>
  /** Whether to run it as root, with sudo if the login is another user. */
  readonly root?: boolean | undefined
  /** Standard input of the command, the same on every node. */
  readonly stdin?: string | Uint8Array | undefined
  readonly signal?: AbortSignal | undefined
  /** Receives each node's result as it completes, in that order. */
  readonly emit?: ((result: RunResult) => void) | undefined
}

/** The outcome on one node: the command's result, or why there is none. */
export type RunResult =
  | {
      readonly host: string
      /** The user that the command ran as. */
      readonly user: string
      readonly exitCode: number
      readonly stdout: string
      readonly stderr: string
      readonly durationMs: number
    }
  | { readonly host: string; readonly error: QuorateError }

/**
 * Runs the command on all selected nodes in parallel. Results are in the cluster file's order. A failure on one node
 * doesn't affect the others.
 *
 * @throws QuorateError `usage` for an empty command, or a selector that matches nothing; the signal's reason
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

/** Whether the command ended with exit code 0 on all nodes. */
export function allSucceeded(results: readonly RunResult[]): boolean {
  return results.every((result) => 'exitCode' in result && result.exitCode === 0)
}

/** @throws QuorateError `usage` listing every valid selector */
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
  throw new QuorateError('usage', message, { id: 'no-such-selection', hint: hint.join('\n') })
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
      // The operator's own program can take any time, and Ctrl-C ends it.
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
