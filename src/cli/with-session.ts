/** Opens a session for a command: the cluster file read, secrets asked for, progress shown. */
import { cacheDirectory } from '../artifacts/cache-directory.ts'
import { loadClusterFile } from '../operations/load.ts'
import type { Cluster } from '../spec/cluster.ts'
import type { Emit } from '../run/events.ts'
import { type Session, openSession } from '../run/session.ts'
import { passphraseSource, sudoPasswordSource } from './ask.ts'
import type { CliContext } from './context.ts'
import { progressRenderer } from './render-progress.ts'

/** The cluster of `-f`; its warnings go to standard error. @throws QuorateError `cluster-file` with every problem. */
export async function loadForCommand(context: CliContext): Promise<Cluster> {
  const { cluster, warnings } = await loadClusterFile(context.file)
  if (!context.json) {
    for (const warning of warnings) context.err(`${context.colors.yellow('warning:')} ${warning.text}\n`)
  }
  return cluster
}

export async function withSession<T>(
  context: CliContext,
  work: (session: Session) => Promise<T>,
  options: { readonly emit?: Emit | undefined; readonly cluster?: Cluster | undefined } = {},
): Promise<T> {
  const cluster = options.cluster ?? (await loadForCommand(context))
  const progress = progressRenderer(context)
  await using session = await openSession({
    cluster,
    emit: options.emit ?? progress.emit,
    signal: context.signal,
    now: context.now,
    cacheDirectory: cacheDirectory(process.env),
    askPassphrase: passphraseSource(context),
    sudoPassword: sudoPasswordSource(context),
    interactive: context.interactive,
  })
  try {
    return await work(session)
  } finally {
    progress.stop()
  }
}
