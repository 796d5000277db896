import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { temporaryFolder } from '../../files/temporary.ts'
import { type RestoreReport, restore } from '../../operations/restore.ts'
import { restoreCa, writeClusterFile } from '../../operations/restore-into.ts'
import type { RestorePreview } from '../../operations/restore-preview.ts'
import { openSnapshot, statusOf } from '../../operations/restore-source.ts'
import { withoutNodes } from '../../spec/without-nodes.ts'
import { quoteCommand } from '../../ssh/quote.ts'
import { confirmByTyping, confirm as confirmYes } from '../ask.ts'
import { secretSource, storeLocation } from '../backup-options.ts'
import { type CommandHandler, type CommandInput, flagOption, textList, textOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { previewJson, renderRestorePreview, renderRestored, restoreQuestion } from '../render-restore.ts'
import { loadForCommand, withSession } from '../with-session.ts'

const restoreCommand: CommandHandler = async (context, input) => {
  const started = performance.now()
  const [snapshot = ''] = input.args
  const into = textOption(input, 'into')
  const known = into === undefined ? await loadForCommand(context) : undefined
  await using folder = known === undefined ? await temporaryFolder({ purpose: 'restore' }) : undefined
  await using opened = await openSnapshot({
    snapshot,
    store: known === undefined ? givenStore(input) : () => storeLocation(known, input),
    secret: secretSource(context, input),
    workDirectory: known?.stateDirectory ?? folder?.path ?? '',
    environment: process.env,
    signal: context.signal,
  })
  const own = into === undefined ? context : { ...context, file: path.resolve(into) }
  if (into !== undefined && (await writeClusterFile(opened, own.file, addresses(input))))
    context.err(`${own.file} is written, as it was in the backup\n`)
  const without = textList(input, 'without')
  const cluster = withoutNodes(known ?? (await loadForCommand(own)), without)
  return await withSession(
    own,
    async (session, ask) => {
      if (into !== undefined) {
        const files = await restoreCa(cluster, opened, session.askPassphrase)
        for (const file of files) session.emit({ type: 'note', text: `${file} is written, from the backup` })
      }
      const report = await restore(session, {
        opened,
        status: statusOf(session, opened),
        otherCluster: flagOption(input, 'otherCluster'),
        without,
        command: finishedBy(own, input, snapshot),
        confirm: async (preview) =>
          await ask(async () => await confirmRestore(context, input, cluster.name, preview)),
      })
      tell(context, report, Math.round(performance.now() - started))
      return 0
    },
    { cluster },
  )
}

function givenStore(input: CommandInput): (() => ReturnType<typeof storeLocation>) | undefined {
  return textOption(input, 'store') === undefined
    ? undefined
    : () => storeLocation({ backup: undefined }, input)
}

async function confirmRestore(
  context: CliContext,
  input: CommandInput,
  name: string,
  preview: RestorePreview,
): Promise<void> {
  if (context.json) context.out(`${JSON.stringify(previewJson(preview))}\n`)
  else context.err(renderRestorePreview(name, preview, context.colors))
  const question = restoreQuestion(preview)
  const typed = textOption(input, 'confirm')
  // To go on with it is what was said yes to before.
  if (preview.replaces && !preview.continued) await confirmByTyping(context, question, name, typed)
  else if (typed !== name) await confirmYes(context, question)
}

/** `NODE=IP`, each. @throws QuorateError `usage` */
function addresses(input: CommandInput): Readonly<Record<string, string>> {
  return Object.fromEntries(
    textList(input, 'address').map((text) => {
      const at = text.indexOf('=')
      if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)]
      throw new QuorateError('usage', `--address ${text}: NODE=ADDRESS is meant`)
    }),
  )
}

/** As it can be typed from any folder. */
function finishedBy(context: CliContext, input: CommandInput, snapshot: string): string {
  const without = textList(input, 'without')
  const [identity, store] = ['identity', 'store'].map((name) => textOption(input, name))
  const words = [
    'quorate',
    ...(context.file === 'cluster.yaml' ? [] : ['-f', path.resolve(context.file)]),
    'restore',
    snapshot.includes('/') ? path.resolve(snapshot) : snapshot,
    ...(store === undefined ? [] : ['--store', store.startsWith('s3://') ? store : path.resolve(store)]),
    ...(identity === undefined ? [] : ['--identity', path.resolve(identity)]),
    ...(without.length === 0 ? [] : ['--without', ...without]),
    ...(flagOption(input, 'otherCluster') ? ['--other-cluster'] : []),
  ]
  return quoteCommand(words)
}

function tell(context: CliContext, report: RestoreReport, durationMs: number): void {
  const { clusterId, moved, keys, revision } = report
  if (context.json) {
    const figures = { keys: Number(keys), revision: Number(revision) }
    context.out(`${JSON.stringify({ type: 'done', clusterId, ...figures, moved, durationMs })}\n`)
    return
  }
  context.out(renderRestored(report, durationMs, context.colors))
}

export default restoreCommand
