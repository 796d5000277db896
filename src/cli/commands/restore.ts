import { existsSync } from 'node:fs'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { temporaryFolder } from '../../files/temporary.ts'
import { type RestoreReport, restore } from '../../verbs/restore/restore.ts'
import type { OpenedBackup } from '../../backup/open.ts'
import {
  keepSigners,
  plannedClusterFile,
  restoreCa,
  restoreKubernetesKeys,
  writeClusterFile,
} from '../../verbs/restore/bootstrap.ts'
import { intoPreview } from '../../verbs/restore/bootstrap-preview.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { RestorePreview } from '../../verbs/restore/preview.ts'
import { openSnapshot, statusOf } from '../../verbs/restore/source.ts'
import { withoutNodes } from '../../spec/without-nodes.ts'
import { quoteCommand } from '../../ssh/quote.ts'
import { confirmByTyping, confirm as confirmYes } from '../ask.ts'
import { secretSource, storeLocation } from '../backup-options.ts'
import { type CommandHandler, type CommandInput, flagOption, textList, textOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { signersFor, unsignedApproval } from '../signer-options.ts'
import { intoJson, renderIntoPreview } from '../render-into.ts'
import {
  previewJson,
  renderRestorePreview,
  renderRestored,
  restoreLosses,
  restoreQuestion,
} from '../render-restore.ts'
import { renderConsequences } from '../consequences.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printLine } from '../output/print-json.ts'

const restoreCommand: CommandHandler = async (context, input) => {
  const started = performance.now()
  const [snapshot = ''] = input.args
  const into = textOption(input, 'into')
  const own = into === undefined ? context : { ...context, file: path.resolve(into) }
  // With --into the local file is only compared: it may not exist yet.
  const present = into === undefined || existsSync(own.file) ? await loadForCommand(own) : undefined
  const known = into === undefined ? present : undefined
  const signers = await signersFor(present, input)
  await using folder = known === undefined ? await temporaryFolder({ purpose: 'restore' }) : undefined
  await using opened = await openSnapshot({
    snapshot,
    store: storeOf(known, input),
    secret: secretSource(context, input),
    signers,
    acceptUnsigned: unsignedApproval(context, input),
    workDirectory: known?.stateDirectory ?? folder?.path ?? '',
    environment: process.env,
    signal: context.signal,
  })
  if (into !== undefined) await writeInto(own, input, opened, present)
  const without = textList(input, 'without')
  const cluster = withoutNodes(known ?? (await loadForCommand(own)), without)
  return await withSession(
    own,
    async (session, ask) => {
      if (into !== undefined) {
        const ca = await restoreCa(cluster, opened, session.askPassphrase)
        const keys = await restoreKubernetesKeys(cluster, opened, session.askPassphrase)
        for (const file of [...ca, ...keys, ...(await keepSigners(cluster, signers))])
          session.emit({ type: 'note', text: `${file} was written` })
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

/** Shows what the backup contains, asks, and writes its cluster file if there is none. */
async function writeInto(
  context: CliContext,
  input: CommandInput,
  opened: OpenedBackup,
  present: Cluster | undefined,
): Promise<void> {
  const planned = plannedClusterFile(opened, context.file, addresses(input))
  const preview = await intoPreview(opened, { into: context.file, planned, present })
  if (context.json) printLine(context, 'restore', intoJson(preview))
  else context.err(renderIntoPreview(preview, context.colors))
  const question = `The cluster file and the CA of ${opened.name} decide where programs come from and whom the cluster trusts. Write them to this workstation?`
  const typed = textOption(input, 'confirm')
  if (typed === undefined || typed !== opened.about?.cluster) await confirmYes(context, question)
  if (planned === undefined) return
  await writeClusterFile(context.file, planned)
  context.err(`${context.file} was written from the backup\n`)
}

/** undefined: there is no backup location, so the argument must be a file. */
function storeOf(
  cluster: Cluster | undefined,
  input: CommandInput,
): (() => ReturnType<typeof storeLocation>) | undefined {
  if (textOption(input, 'store') === undefined && cluster?.backup?.store === undefined) return undefined
  return () => storeLocation(cluster ?? { backup: undefined }, input)
}

async function confirmRestore(
  context: CliContext,
  input: CommandInput,
  name: string,
  preview: RestorePreview,
): Promise<void> {
  if (context.json) printLine(context, 'restore', previewJson(preview))
  else context.err(renderRestorePreview(name, preview, context.colors))
  const losses = restoreLosses(preview)
  if (losses !== undefined && !context.json) context.err(renderConsequences(losses, context.colors))
  const question = restoreQuestion(name, preview)
  const typed = textOption(input, 'confirm')
  // An interrupted restore was already confirmed.
  if (preview.replaces && !preview.continued) await confirmByTyping(context, question, name, typed)
  else if (typed !== name) await confirmYes(context, question, { stopsMember: preview.replaces })
}

/** `NODE=IP`, each. @throws QuorateError `usage` */
function addresses(input: CommandInput): Readonly<Record<string, string>> {
  return Object.fromEntries(
    textList(input, 'address').map((text) => {
      const at = text.indexOf('=')
      if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)]
      throw new QuorateError('usage', `--address: "${text}" is not NODE=ADDRESS`)
    }),
  )
}

/** As it can be typed in any directory. */
function finishedBy(context: CliContext, input: CommandInput, snapshot: string): string {
  const without = textList(input, 'without')
  const [identity, store, signers] = ['identity', 'store', 'signers'].map((name) => textOption(input, name))
  const words = [
    'quorate',
    ...(context.file === 'cluster.yaml' ? [] : ['-f', path.resolve(context.file)]),
    'restore',
    snapshot.includes('/') ? path.resolve(snapshot) : snapshot,
    ...(store === undefined ? [] : ['--store', store.startsWith('s3://') ? store : path.resolve(store)]),
    ...(identity === undefined ? [] : ['--identity', path.resolve(identity)]),
    ...(signers === undefined ? [] : ['--signers', path.resolve(signers)]),
    ...(flagOption(input, 'unsigned') ? ['--unsigned'] : []),
    ...(without.length === 0 ? [] : ['--without', ...without]),
    ...(flagOption(input, 'otherCluster') ? ['--other-cluster'] : []),
  ]
  return quoteCommand(words)
}

function tell(context: CliContext, report: RestoreReport, durationMs: number): void {
  const { clusterId, moved, keys, revision } = report
  if (context.json) {
    const figures = { keys: Number(keys), revision: Number(revision) }
    printLine(context, 'restore', { type: 'done', clusterId, ...figures, moved, durationMs })
    return
  }
  context.out(renderRestored(report, durationMs, context.colors))
}

export default restoreCommand
