/**
 * OpenSSH's list of allowed signers (ssh-keygen(1), ALLOWED SIGNERS), read and edited line by line. Lines of other
 * authors stay unchanged. Pure.
 */
import { createHash } from 'node:crypto'
import { NAMESPACE, sshTime } from './ssh-keygen.ts'

export interface AllowedSigner {
  /** As written: patterns, separated by commas. */
  readonly principals: string
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string
  /** `SHA256:…` */
  readonly fingerprint: string
  /** Later signatures don't count. */
  readonly until: Date | undefined
  /** Nothing that it signed counts any more. */
  readonly revokedAt: Date | undefined
}

const SIGNER =
  /^[ \t]*(?<principals>\S+)[ \t]+(?:(?<options>(?:[^\s"]|"[^"]*")+)[ \t]+)?(?<type>(?:ssh|ecdsa|sk)-[\w@.-]+)[ \t]+(?<key>[A-Za-z0-9+/=]{16,})(?:[ \t].*)?$/

/** A revoked line, behind a mark that OpenSSH reads as a comment. */
const REVOKED = /^# revoked (?<time>\S+): (?<line>.*)$/

const UNTIL = /(?:^|,)valid-before="?(?<time>\d{8}(?:\d{4}(?:\d{2})?)?)Z?"?/i

/** At the top of a file that quorate creates. */
export const HEADER = `# Who may sign backups, as ssh-keygen(1) has it under ALLOWED SIGNERS. Times are in UTC.
# Keep a copy with the secret key of age: anyone who restores with it knows who made a backup.
`

/** In their order; comments and lines that aren't signers are left out. */
export function parseSigners(text: string): readonly AllowedSigner[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const mark = REVOKED.exec(line)?.groups
    const parts = SIGNER.exec(mark?.['line'] ?? line)?.groups
    if (parts === undefined || (mark === undefined && line.startsWith('#'))) return []
    const { principals = '', options = '', type = '', key = '' } = parts
    const fingerprint = fingerprintOf(`${type} ${key}`)
    const revokedAt = mark === undefined ? undefined : timeOf(mark['time'])
    return [{ principals, publicKey: `${type} ${key}`, fingerprint, until: untilOf(options), revokedAt }]
  })
}

/** `SHA256:…`, as ssh-keygen prints it. */
export function fingerprintOf(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** The lines of this principal only. */
export function linesOf(text: string, principal: string): string {
  const own = text
    .split('\n')
    .filter((line) => !line.startsWith('#') && parseSigners(line)[0]?.principals === principal)
  return [HEADER.trimEnd(), ...own, ''].join('\n')
}

/** Whether new signatures count. */
export function isPresent({ until, revokedAt }: AllowedSigner, now: Date): boolean {
  return revokedAt === undefined && (until === undefined || until > now)
}

export function withSigner(text: string, principal: string, publicKey: string): string {
  const before = text === '' ? HEADER : text.endsWith('\n') ? text : `${text}\n`
  return `${before}${principal} namespaces="${NAMESPACE}" ${publicKey}\n`
}

/** Signatures of this principal's keys count if their time is not later than `until`. A key that has an end keeps it. */
export function retired(text: string, principal: string, until: Date): string {
  return editLines(text, (line, signer) => {
    if (signer.principals !== principal || signer.until !== undefined) return line
    const option = `valid-before="${sshTime(until)}"`
    return line.replace(/^([ \t]*\S+[ \t]+)(?=(\S+))/, (start, _, next: string) =>
      /^(?:ssh|ecdsa|sk)-/.test(next) ? `${start}${option} ` : `${start}${option},`,
    )
  })
}

/** @param who a fingerprint, or a principal: all of its keys */
export function revoked(text: string, who: string, now: Date): string {
  return editLines(text, (line, { principals, fingerprint }) =>
    principals === who || fingerprint === who ? `# revoked ${now.toISOString()}: ${line}` : line,
  )
}

function editLines(text: string, edit: (line: string, signer: AllowedSigner) => string): string {
  return text
    .split('\n')
    .map((whole) => {
      // Each author's line ends: what is not edited stays unchanged, to the byte.
      const end = whole.endsWith('\r') ? '\r' : ''
      const line = whole.slice(0, whole.length - end.length)
      const [signer] = line.startsWith('#') ? [] : parseSigners(line)
      return signer === undefined ? whole : edit(line, signer) + end
    })
    .join('\n')
}

/** A revocation with an invalid time is still a revocation. */
function timeOf(text = ''): Date {
  const time = new Date(text)
  return Number.isNaN(time.getTime()) ? new Date(0) : time
}

function untilOf(options: string): Date | undefined {
  const time = UNTIL.exec(options)?.groups?.['time']
  if (time === undefined) return undefined
  const digits = time.padEnd(14, '0')
  const until = new Date(digits.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6Z'))
  return Number.isNaN(until.getTime()) ? undefined : until
}
