import { type ListedCertificate, listCertificates } from '../../verbs/certificates/list.ts'
import { ROTATE_WEAK_CA } from '../../pki/strength.ts'
import { combineErrors } from '../../errors.ts'
import type { CommandHandler } from '../command.ts'
import type { CliContext } from '../context.ts'
import { errorJson } from '../output/error-json.ts'
import { printError } from '../render-error.ts'
import { renderTable } from '../table.ts'
import { withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

/** When fewer days than this are left, a certificate is shown as expiring soon. */
const SOON = 30

const certsList: CommandHandler = async (context) =>
  await withSession(context, async (session) => {
    const { certificates, errors } = await listCertificates(session)
    if (context.json) {
      printValue(context, 'certs list', { certificates, errors: errors.map(errorJson) })
    } else {
      if (certificates.length > 0) context.out(table(certificates, context))
      else if (errors.length === 0) context.out('no certificates yet\n')
      for (const text of weak(certificates)) context.out(`${context.colors.yellow('!')} ${text}\n`)
      if (errors.length > 0) printError(context, combineErrors(errors))
    }
    const expired = certificates.some((certificate) => (certificate.daysLeft ?? 0) < 0)
    // If no member could be inspected, the command fails with that reason.
    const seen = certificates.some(({ kind }) => kind === 'member')
    const [error] = errors
    return error !== undefined && !seen && !expired ? error.exitCode : expired || error !== undefined ? 1 : 0
  })

function weak(certificates: readonly ListedCertificate[]): readonly string[] {
  return certificates
    .filter(({ weaknesses }) => weaknesses.length > 0)
    .map(({ kind, owner, commonName, weaknesses }) => {
      const who = kind === 'ca' ? `the CA ${commonName ?? ''}` : `the certificate of ${owner}`
      const fix = kind === 'ca' ? ROTATE_WEAK_CA : 'renew it: quorate certs renew'
      return `${who} is too weak: it ${weaknesses.join(' and ')}; ${fix}`
    })
}

function table(certificates: readonly ListedCertificate[], { colors, verbose }: CliContext): string {
  const header = ['WHO', 'FILE', 'NAMES', 'ISSUER', 'NOT AFTER', 'DAYS LEFT'].map(colors.dim)
  const rows = certificates.map((certificate) => [
    certificate.owner,
    certificate.file,
    names(certificate, verbose),
    certificate.issuer ?? '-',
    certificate.notAfter?.slice(0, 10) ?? '-',
    timeLeft(certificate, colors),
  ])
  return renderTable([header, ...rows])
}

/** All names with `-v`; otherwise as many as fit in the line. */
function names({ dns, ips, commonName }: ListedCertificate, verbose: boolean): string {
  const all = [...dns, ...ips]
  if (all.length === 0) return commonName ?? '-'
  const shown = verbose ? all : all.slice(0, 3)
  return `${shown.join(', ')}${all.length > shown.length ? `, +${all.length - shown.length}` : ''}`
}

function timeLeft({ daysLeft: days, state }: ListedCertificate, colors: CliContext['colors']): string {
  if (state === 'waiting') return colors.yellow('waits for the CA')
  if (days === null) return '-'
  if (days < 0) return colors.red('expired')
  return days < SOON ? colors.yellow(String(days)) : String(days)
}

export default certsList
