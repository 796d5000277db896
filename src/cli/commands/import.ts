import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { requireReadable } from '../../files/read-file.ts'
import { temporaryFolder } from '../../files/temporary.ts'
import { type ImportPreview, type ImportReport, importKeys } from '../../verbs/transfer/import.ts'
import type { Mapping } from '../../transfer/batches.ts'
import type { Differing } from '../../transfer/put.ts'
import { confirm } from '../ask.ts'
import { type CommandHandler, type CommandInput, flagOption, textOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { renderImport, renderImportPreview } from '../render-import.ts'
import { withSession } from '../with-session.ts'
import { counted } from '../../spec/units.ts'
import { printLine } from '../output/print-json.ts'

const importCommand: CommandHandler = async (context, input) => {
  const [mapping, differing, dryRun] = [
    mappingOption(input),
    differingOption(input),
    flagOption(input, 'dryRun'),
  ]
  await using source = await sourceOf(input.args[0] ?? '-')
  return await withSession(context, async (session, ask) => {
    const show = (preview: ImportPreview) => {
      if (context.json) printLine(context, 'import', { type: 'preview', ...preview })
      else context.err(renderImportPreview(preview, context.colors))
    }
    const report = await importKeys(session, {
      ...source,
      mapping,
      differing,
      dryRun,
      withoutLeases: flagOption(input, 'withoutLeases'),
      confirm: async (preview) =>
        await ask(async () => {
          show(preview)
          await confirm(context, question(preview))
        }),
    })
    if (dryRun && report.preview.new + report.preview.different > 0) show(report.preview)
    tell(context, report)
    return 0
  })
}

function question({ new: fresh, different, differing }: ImportPreview): string {
  const over =
    differing === 'replace' && different > 0 ? ` and overwrite ${counted(different, 'existing key')}` : ''
  return `Write ${counted(fresh, 'new key')}${over}?`
}

function tell(context: CliContext, report: ImportReport): void {
  if (context.json) printLine(context, 'import', { type: 'done', ...report })
  else context.out(renderImport(report))
}

interface Source extends AsyncDisposable {
  readonly name: string
  readonly open: () => AsyncIterable<Uint8Array>
}

/** A file, or standard input, which is kept in a private file because it is read more than once. */
async function sourceOf(file: string): Promise<Source> {
  if (file !== '-') {
    const full = path.resolve(file)
    await requireReadable(full, { code: 'usage' }).catch((error: unknown) => {
      throw QuorateError.from(error, 'usage', `can't read ${file}`)
    })
    return { name: file, open: () => createReadStream(full), [Symbol.asyncDispose]: async () => undefined }
  }
  const folder = await temporaryFolder({ purpose: 'import' })
  const kept = path.join(folder.path, 'keys.jsonl')
  const remove = folder[Symbol.asyncDispose]
  try {
    await using handle = await open(kept, 'wx', 0o600)
    for await (const piece of process.stdin) await handle.writeFile(piece as Uint8Array)
  } catch (error) {
    await remove()
    throw QuorateError.from(error, 'state', "can't keep standard input in a temporary file")
  }
  return { name: 'standard input', open: () => createReadStream(kept), [Symbol.asyncDispose]: remove }
}

function mappingOption(input: CommandInput): Mapping | undefined {
  const [from, to] = [textOption(input, 'prefixFrom'), textOption(input, 'prefixTo')]
  if (from === undefined && to === undefined) return undefined
  if (from !== undefined && to !== undefined) return { from, to }
  throw new QuorateError('usage', '--prefix-from and --prefix-to must be used together', {
    hint: 'use an empty one to add or remove a prefix: --prefix-from /a/ --prefix-to ""',
  })
}

function differingOption(input: CommandInput): Differing {
  const [replace, onlyMissing] = [flagOption(input, 'replace'), flagOption(input, 'onlyMissing')]
  if (!replace) return onlyMissing ? 'keep' : 'refuse'
  if (!onlyMissing) return 'replace'
  throw new QuorateError('usage', '--replace and --only-missing exclude each other', {
    id: 'conflicting-options',
  })
}

export default importCommand
