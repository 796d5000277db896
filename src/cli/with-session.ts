/** Opens a session for a command: reads the cluster file, asks for secrets, shows progress. */
import { ETCD_STEPS } from '../tiers/etcd/steps/kinds.ts'
import { cacheDirectory } from '../files/cache-directory.ts'
import { namingWhoIsAtWork } from '../engine/at-work.ts'
import type { Operator } from '../engine/run-verb.ts'
import { loadClusterFile } from '../cluster-file/load.ts'
import type { Cluster } from '../spec/cluster.ts'
import { TIERS } from '../tiers/tiers.ts'
import { type Session, openSession } from '../tiers/etcd/session.ts'
import { requireOwnClusterFile, requireOwnState } from '../files/state-folder.ts'
import { passphraseSource, sudoPasswordSource } from './ask.ts'
import type { CliContext } from './context.ts'
import { type ProgressRenderer, progressRenderer } from './render-progress.ts'

/**
 * The cluster of `-f`. Prints its warnings to standard error if `warn` is set, and with `-v`: commands that apply the
 * file need them, but before the output of `etcdctl` they would only be noise.
 *
 * Settings that this version of etcd refuses are a warning if the command writes none, and then always shown.
 *
 * @throws QuorateError `cluster-file` with every problem
 */
export async function loadForCommand(context: CliContext, warn = false): Promise<Cluster> {
  const faultySettings = context.writesSettings ? 'refuse' : 'warn'
  const { cluster, warnings } = await loadClusterFile(context.file, { faultySettings })
  requireOwnClusterFile(context.file)
  requireOwnState(cluster.stateDirectory)
  if (context.json) return cluster
  for (const { text, urgent } of warnings)
    if (warn || context.verbose || urgent === true) context.err(`${context.colors.yellow(text)}\n`)
  return cluster
}

export interface WithSessionOptions {
  /** An already loaded cluster; default: the file of `-f`. */
  readonly cluster?: Cluster | undefined
  /** Whether to print the file's warnings. */
  readonly warn?: boolean | undefined
  /**
   * Whether events are shown. `text`: not with `--json`, for a command whose output format depends on its options.
   * Default: `all`, or `text` if the output is always one value.
   */
  readonly events?: 'all' | 'text' | 'none' | undefined
}

/** `work` receives the function to ask questions through, so that no progress is drawn over them. */
export async function withSession<T>(
  context: CliContext,
  work: (session: Session, ask: ProgressRenderer['hold']) => Promise<T>,
  options: WithSessionOptions = {},
): Promise<T> {
  const cluster = options.cluster ?? (await loadForCommand(context, options.warn))
  const progress = progressRenderer(context)
  const { events = 'all' } = options
  const shown = events !== 'none' && (!context.json || (events === 'all' && context.jsonEvents))
  const askPassphrase = passphraseSource(context)
  const sudoPassword = sudoPasswordSource(context)
  await using session = await openSession({
    cluster,
    emit: shown ? progress.emit : () => undefined,
    signal: context.signal,
    now: context.now,
    cacheDirectory: cacheDirectory(process.env),
    askPassphrase: async (...words) => await progress.hold(async () => await askPassphrase(...words)),
    sudoPassword:
      sudoPassword && (async (...words) => await progress.hold(async () => await sudoPassword(...words))),
    interactive: context.interactive,
    patienceFactor: context.patienceFactor,
    steps: ETCD_STEPS,
    tiers: TIERS,
  })
  try {
    return await work(session, async (ask) => await progress.hold(ask))
  } catch (error) {
    throw await namingWhoIsAtWork(session, error)
  } finally {
    progress.stop()
  }
}

/** For commands that change something without a node: what their record needs. */
export function recordedBy(context: CliContext, cluster: Cluster): Operator {
  // With --json the output is only the result.
  const { emit } = progressRenderer({ ...context, live: false })
  return { cluster, emit: context.json ? () => undefined : emit, now: context.now, steps: ETCD_STEPS }
}
