import path from 'node:path'
import { quoteCommand } from '../../ssh/quote.ts'
import { type RestoreReport, restore } from '../../operations/restore.ts'
import type { RestorePreview } from '../../operations/restore-preview.ts'
import { openSnapshot, statusOf } from '../../operations/restore-source.ts'
import { withoutNodes } from '../../spec/without-nodes.ts'
import { confirmByTyping, confirm as confirmYes } from '../ask.ts'
import { type CommandHandler, type CommandInput, flagOption, textOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { previewJson, renderRestored, renderRestorePreview, restoreQuestion } from '../render-restore.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { backupSecret } from '../backup-secret.ts'

const restoreCommand: CommandHandler = async (context, input) => {
  const started = performance.now()
  const [snapshot = ''] = input.args
  const whole = await loadForCommand(context)
  const without = textList(input, 'without')
  const cluster = withoutNodes(whole, without)
  await using opened = await openSnapshot({
    snapshot,
    store: whole.backup?.store,
    secret: backupSecret(context, input),
    workDirectory: path.join(whole.stateDirectory, 'restore'),
    environment: process.env,
    signal: context.signal,
  })
  return await withSession(
    context,
    async (session, ask) => {
      const report = await restore(session, {
        opened,
        status: await statusOf(session, cluster.etcd, opened),
        otherCluster: flagOption(input, 'otherCluster'),
        without,
        command: finishedBy(context, input, snapshot),
        confirm: async (preview) =>
          await ask(async () => await confirmRestore(context, input, cluster.name, preview)),
      })
      tell(context, report, Math.round(performance.now() - started))
      return 0
    },
    { cluster },
  )
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
  // To go on is what was said yes to before.
  if (preview.replaces && !preview.continued)
    await confirmByTyping(context, question, name, textOption(input, 'confirm'))
  else if (textOption(input, 'confirm') !== name) await confirmYes(context, question)
}

function textList(input: CommandInput, name: string): readonly string[] {
  const value = input.options[name]
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []
}

/** As it can be typed from any folder. */
function finishedBy(context: CliContext, input: CommandInput, snapshot: string): string {
  const without = textList(input, 'without')
  const identity = textOption(input, 'identity')
  const words = [
    'quorate',
    ...(context.file === 'cluster.yaml' ? [] : ['-f', path.resolve(context.file)]),
    'restore',
    snapshot.includes('/') ? path.resolve(snapshot) : snapshot,
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
