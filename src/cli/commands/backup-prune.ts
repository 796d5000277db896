import { type PrunePreview, prune, requirePruned } from '../../verbs/backup/prune.ts'
import { provenTrust } from '../../backup/signers.ts'
import { BACKUP_DEFAULTS } from '../../spec/defaults.ts'
import { confirm } from '../ask.ts'
import { storeLocation } from '../backup-options.ts'
import type { CommandHandler } from '../command.ts'
import { renderConsequences } from '../consequences.ts'
import { keepOption } from '../keep-option.ts'
import {
  prunedJson,
  pruneLosses,
  prunePreviewJson,
  pruneQuestion,
  renderPruned,
  renderPrunePreview,
} from '../render-prune.ts'
import { loadForCommand, recordedBy } from '../with-session.ts'
import { printLine } from '../output/print-json.ts'

const pruneCommand: CommandHandler = async (context, input) => {
  const cluster = await loadForCommand(context)
  const keep = { ...(cluster.backup?.schedule?.keep ?? BACKUP_DEFAULTS.keep), ...keepOption(input) }
  const { signal, colors } = context
  await using trust = await provenTrust(cluster)
  const asked = async (preview: PrunePreview) => {
    if (context.json) printLine(context, 'backup prune', prunePreviewJson(preview))
    else
      context.err(`${renderPrunePreview(preview, colors)}${renderConsequences(pruneLosses(preview), colors)}`)
    await confirm(context, pruneQuestion(preview))
  }
  const result = await prune(storeLocation(cluster, input), {
    cluster: cluster.name,
    keep,
    trust,
    environment: process.env,
    operator: recordedBy(context, cluster),
    signal,
    confirm: asked,
  })
  if (context.json) printLine(context, 'backup prune', prunedJson(result))
  else context.out(renderPruned(result, colors))
  requirePruned(result)
  return 0
}

export default pruneCommand
