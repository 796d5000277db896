import path from 'node:path'
import { EXIT_CODES } from '../../errors.ts'
import { importSignedCertificates } from '../../verbs/certificates/offline.ts'
import type { ImportedFile } from '../../pki/offline-import.ts'
import type { CommandHandler } from '../command.ts'
import type { CliContext } from '../context.ts'
import { withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const certsImport: CommandHandler = async (context, input) => {
  const directory = path.resolve(input.args[0] ?? '.')
  return await withSession(context, async (session) => {
    const report = await importSignedCertificates(session, directory)
    const good = report.missing.length === 0 && !report.files.some(({ result }) => result === 'refused')
    if (context.json) printValue(context, 'certs import', { complete: good, ...report })
    else {
      for (const file of report.files) context.out(`${describe(file, context)}\n`)
      for (const name of report.missing) {
        context.out(
          `${context.colors.red('✗')} ${name}: the directory has no valid certificate for this request\n`,
        )
      }
      if (report.files.length === 0 && good) context.out('nothing to import: no request is open\n')
      else if (good) context.err('complete; next: quorate apply\n')
    }
    return good ? 0 : EXIT_CODES.pki
  })
}

const WITHOUT_NAME = 'until every member has that name, every certificate of the CA can act as a peer'

function describe({ file, result, commonName, reasons, hint }: ImportedFile, { colors }: CliContext): string {
  const who = commonName === undefined ? '' : ` (${commonName})`
  if (result === 'imported') {
    const note = reasons.length === 0 ? '' : `; it ${reasons.join('; it ')}: ${WITHOUT_NAME}`
    return `${colors.green('✓')} ${file}${who}: imported${note}`
  }
  if (result === 'ignored') {
    const why = reasons.length === 0 ? "the CA's own certificate" : `ignored, it ${reasons.join('; it ')}`
    return `${colors.dim('·')} ${file}: ${why}`
  }
  const fix = hint === undefined ? '' : `\n  ${hint}`
  return `${colors.red('✗')} ${file}${who}: refused, it ${reasons.join('; it ')}${fix}`
}

export default certsImport
