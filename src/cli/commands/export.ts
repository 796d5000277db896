import { fstatSync } from 'node:fs'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { exportKeys } from '../../verbs/transfer/export.ts'
import type { ExportedRange } from '../../transfer/format.ts'
import { type CommandHandler, type CommandInput, textOption } from '../command.ts'
import { withSession } from '../with-session.ts'
import { counted, formatBytes } from '../../spec/units.ts'
import { printLine } from '../output/print-json.ts'

const exportCommand: CommandHandler = async (context, input) => {
  const [range, revision] = [rangeOption(input), revisionOption(input)]
  const file = textOption(input, 'output') ?? '-'
  if (file === '-') requireUnseen(context.json)
  const output =
    file === '-' ? async (lines: string) => await context.bytes.out(Buffer.from(lines)) : path.resolve(file)
  return await withSession(context, async (session) => {
    const report = await exportKeys(session, { range, revision, output })
    if (context.json) printLine(context, 'export', { type: 'done', ...report })
    else {
      const { keys, leases, bytes } = report
      const where = report.file === undefined ? '' : ` in ${report.file}`
      context.err(
        `${counted(keys, 'key')} and ${counted(leases, 'lease')} at revision ${report.revision}: ${formatBytes(bytes)}${where}\n`,
      )
    }
    return 0
  })
}

/** Values may be secret: it refuses a file that others can read, as a shell's `>` creates it. */
function requireUnseen(json: boolean): void {
  if (json) {
    throw new QuorateError(
      'usage',
      'with --json standard output carries events, so that the keys need a file',
      {
        hint: 'rerun with -o FILE, or without --json: the export itself is JSON',
      },
    )
  }
  const stats = fstatSync(process.stdout.fd)
  if (!stats.isFile() || (stats.mode & 0o077) === 0) return
  throw new QuorateError('permission', 'other users can read the output file, and values may be secret', {
    hint: 'rerun with -o FILE, which creates a private file; or run umask 077 first',
  })
}

function rangeOption(input: CommandInput): ExportedRange {
  const [prefix, range] = [textOption(input, 'prefix'), input.options['range']]
  if (range === undefined) return prefix === undefined ? { all: true } : { prefix }
  const [from, to, ...more] = Array.isArray(range) ? range.map(String) : []
  if (prefix !== undefined || from === undefined || to === undefined || more.length > 0 || from >= to) {
    throw new QuorateError('usage', '--prefix KEY or --range FROM TO is required, with FROM before TO', {
      hint: 'write for example --range /a /b, which excludes /b itself',
    })
  }
  return { from, to }
}

function revisionOption(input: CommandInput): bigint | undefined {
  const text = textOption(input, 'revision')
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,17}$/.test(text)) return BigInt(text)
  throw new QuorateError('usage', `--revision: "${text}" is not a positive integer`)
}

export default exportCommand
