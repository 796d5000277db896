/**
 * The form of each value on the command line. All are checked before the command starts, so that a typo is reported with the
 * name of its option, and with the exit code of a wrong command line.
 */
import { statSync } from 'node:fs'
import { Option } from 'commander'
import { QuorateError } from '../errors.ts'
import { checkAddress } from '../spec/address.ts'
import { checkCalendar, checkRecipient } from '../spec/backup-values.ts'
import { checkLocalPath, checkRemotePath } from '../spec/paths.ts'
import type { Complaint } from '../spec/problem.ts'
import { checkJump, checkSshHost, checkUser } from '../spec/ssh-values.ts'
import { checkHttpUrl, checkName, checkSuite, checkVersion } from '../spec/values.ts'
import type { CommandDefinition, CommandInput, ValueKind } from './command.ts'
import { SHARED_OPTIONS } from './shared-options.ts'

type Check = (text: string) => Complaint | undefined

/** For `own` and `key`, the command or etcd decides. */
export const VALUE_CHECKS: Readonly<Record<ValueKind, Check>> = {
  own: () => undefined,
  key: () => undefined,
  count: checkCount,
  port: (text) => (Number(text) <= 65_535 ? checkCount(text) : meant(text, 'a port from 1 to 65535')),
  version: checkVersion,
  suite: checkSuite,
  name: checkName,
  'common-name': checkCommonName,
  address: checkAddress,
  'node-address': checkNodeAddress,
  host: checkSshHost,
  destination: checkDestination,
  user: checkUser,
  jump: checkJump,
  url: checkHttpUrl,
  recipient: checkRecipient,
  calendar: checkCalendar,
  'member-id': (text) =>
    /^[0-9a-f]{1,16}$/i.test(text) ? undefined : meant(text, 'the ID of a member, in hex'),
  path: checkLocalPath,
  'node-path': checkRemotePath,
  'input-file': checkInputFile,
}

/** @throws QuorateError `usage` naming the first option or argument with an invalid value */
export function checkValues(definition: CommandDefinition, input: CommandInput): void {
  const { arguments: own = [], options = [] } = definition
  for (const [index, { syntax, value = 'own' }] of own.entries()) {
    const given = syntax.includes('...') ? input.args.slice(index) : input.args.slice(index, index + 1)
    for (const text of given) check(syntax.replaceAll(/[<>[\].]/g, '').toUpperCase(), value, text)
  }
  for (const { flags, value = 'own' } of [...options, ...SHARED_OPTIONS]) {
    const option = new Option(flags)
    const given = input.options[option.attributeName()]
    for (const text of [given].flat()) if (typeof text === 'string') check(option.long ?? flags, value, text)
  }
}

function check(name: string, kind: ValueKind, text: string): void {
  const complaint =
    text === '' && kind !== 'own' && kind !== 'key'
      ? { message: 'the value is empty' }
      : VALUE_CHECKS[kind](text)
  if (complaint === undefined) return
  throw new QuorateError('usage', `${name}: ${complaint.message}`, { hint: complaint.hint })
}

/** The form that the CA accepts; the CA itself refuses names of members. */
function checkCommonName(text: string): Complaint | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(text)) return undefined
  const hint = 'use 1 to 64 letters, digits, dots, dashes, underscores or @, starting with a letter or digit'
  return { message: `"${text}" can't be the name of a certificate`, hint }
}

/** A number of revisions or bytes: a positive integer that a JavaScript number holds exactly. */
function checkCount(text: string): Complaint | undefined {
  return /^[1-9]\d{0,17}$/.test(text) ? undefined : meant(text, 'a positive integer')
}

function checkNodeAddress(text: string): Complaint | undefined {
  const at = text.indexOf('=')
  if (at < 1) return { message: `"${text}" is not NODE=ADDRESS`, hint: 'write for example etcd01=10.0.1.11' }
  return checkName(text.slice(0, at)) ?? checkAddress(text.slice(at + 1))
}

function checkDestination(text: string): Complaint | undefined {
  const at = text.lastIndexOf('@')
  const host = text.slice(at + 1).replaceAll(/^\[|\]$/g, '')
  return (at === -1 ? undefined : checkUser(text.slice(0, at))) ?? checkSshHost(host)
}

/** Checks only that it exists: the command reports a file that it can't read. */
function checkInputFile(text: string): Complaint | undefined {
  if (text === '-') return undefined
  try {
    statSync(text)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return { message: `"${text}" does not exist`, hint: 'check the path' }
  }
  return undefined
}

function meant(text: string, what: string): Complaint {
  return { message: `"${text}" is not ${what}` }
}
