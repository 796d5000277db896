/** What etcd's own tool reports about a snapshot file: `etcdutl` from 3.5 on, `etcdctl` before. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { QuorateError } from '../errors.ts'

const run = promisify(execFile)

/** For one snapshot, in ms: the tool reads the whole file. */
const STATUS_TIMEOUT_MS = 10 * 60_000

export interface SnapshotTool {
  readonly name: 'etcdutl' | 'etcdctl'
  /** Absolute path on this workstation. */
  readonly path: string
}

/** As strings of digits: the numbers can exceed JavaScript's range. */
export interface SnapshotStatus {
  readonly hash: string
  readonly revision: string
  /**
   * As the tool prints it; never compared. Up to 3.5 it counts the entries of all buckets, from 3.6 on the names of
   * keys (https://github.com/etcd-io/etcd/pull/19344). `hash` covers everything that either version counts.
   */
  readonly totalKey: string
  /** Bytes. */
  readonly totalSize: string
}

/**
 * Without this process's environment, which may contain credentials. etcdctl before 3.4 needs this variable; newer
 * versions print a warning about it.
 */
export function toolEnvironment({ name }: Pick<SnapshotTool, 'name'>): Readonly<Record<string, string>> {
  return { PATH: '/usr/bin:/bin', ...(name === 'etcdctl' ? { ETCDCTL_API: '3' } : {}) }
}

/** The release's tool for snapshots. @throws QuorateError `artifact` if it has none */
export function snapshotTool(
  files: readonly { readonly name: string; readonly path: string }[],
): SnapshotTool {
  for (const name of ['etcdutl', 'etcdctl'] as const) {
    const file = files.find((one) => one.name === name)
    if (file !== undefined) return { name, path: file.path }
  }
  throw new QuorateError(
    'artifact',
    'etcdutl or etcdctl not found among the etcd binaries on this workstation',
    {
      hint: 'check etcd.source in the cluster file',
    },
  )
}

/** @throws QuorateError `backup` if the tool can't read the file; `cancelled` */
export async function readSnapshotStatus(
  tool: SnapshotTool,
  file: string,
  signal?: AbortSignal,
): Promise<SnapshotStatus> {
  try {
    const { stdout } = await run(tool.path, ['snapshot', 'status', file, '--write-out=json'], {
      env: toolEnvironment(tool),
      timeout: STATUS_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    })
    return parseStatus(stdout)
  } catch (error) {
    if (signal?.aborted === true)
      throw new QuorateError('cancelled', 'stopped while a snapshot was being read')
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1)
    throw new QuorateError('backup', `${tool.name} can't read the snapshot: ${said ?? String(error)}`, {
      hint: 'use another snapshot: this one is damaged, or from a newer etcd than this tool',
      cause: error,
    })
  }
}

/**
 * The differences between two reports on one file, as phrases; empty: none. Compares only what every version of the
 * tool reports alike: tested with all pairs of 3.3, 3.4, 3.5, 3.6 and 3.7.
 */
export function statusDifferences(recorded: SnapshotStatus, found: SnapshotStatus): readonly string[] {
  const keys = ['revision', 'hash', 'totalSize'] as const
  return keys.flatMap((key) =>
    recorded[key] === found[key] ? [] : [`${key} ${recorded[key]}, now ${found[key]}`],
  )
}

/** Digits are taken from the text: JSON.parse would round them. */
function parseStatus(json: string): SnapshotStatus {
  const digits = (key: string) => new RegExp(`"${key}":\\s*(\\d+)`).exec(json)?.[1]
  const [hash, revision, totalKey, totalSize] = ['hash', 'revision', 'totalKey', 'totalSize'].map(digits)
  if (hash === undefined || revision === undefined || totalKey === undefined || totalSize === undefined)
    throw new Error(`an answer that is not understood: ${json.trim().slice(0, 200)}`)
  return { hash, revision, totalKey, totalSize }
}
