/** Questions on the terminal, and the files that answer in their place. */
import { QuorateError } from '../errors.ts'
import { openForReading, readFrom } from '../files/read-file.ts'
import type { AskPassphrase } from '../pki/authority.ts'
import { askLine, discardTyped } from './ask-line.ts'
import type { CliContext } from './context.ts'

export interface Question {
  /** A member stops, restarts or leaves: the operator must type the whole word `yes`. */
  readonly stopsMember?: boolean | undefined
}

/** @throws QuorateError `unconfirmed` without a terminal, `declined` for a no, `cancelled` on Ctrl-C. */
export async function confirm(
  context: CliContext,
  message: string,
  { stopsMember = false }: Question = {},
): Promise<void> {
  if (context.assumeYes) return
  if (!context.interactive) {
    throw new QuorateError(
      'unconfirmed',
      `needs confirmation, and there is no terminal to ask on: ${message}`,
      { hint: 'rerun with --yes' },
    )
  }
  const yes = stopsMember ? /^yes$/ : /^(?:y|yes)$/i
  const choice = stopsMember ? "Type 'yes' to continue, or 'no':" : '[y/N]'
  for (let asked = `${message} ${choice}`; ; asked = stopsMember ? choice : 'Type y or n:') {
    const answer = await askLine(context, asked)
    if (answer === undefined || /^(?:|n|no)$/i.test(answer)) throw notConfirmed()
    // Anything else is not an answer, for example a shell line for another window.
    if (yes.test(answer)) return
  }
}

/** Asks the operator to type a word, for what can't be undone. `given`: the value of an option. */
export async function confirmByTyping(
  context: CliContext,
  message: string,
  word: string,
  given: string | undefined,
): Promise<void> {
  if (given === word) return
  if (given !== undefined)
    throw new QuorateError(
      'usage',
      `--confirm: '${given}' is not the name of the cluster, which is '${word}'`,
    )
  if (!context.interactive) {
    throw new QuorateError(
      'unconfirmed',
      `needs the name of the cluster, and there is no terminal to ask on: ${message}`,
      { hint: `rerun with --confirm ${word}` },
    )
  }
  await askForWord(context, message, word)
}

/** On a terminal, whatever options say. @throws QuorateError `declined` for anything but the word; `cancelled` on Ctrl-C */
export async function askForWord(context: CliContext, message: string, word: string): Promise<void> {
  if ((await askLine(context, `${message} Type '${word}' to continue:`)) !== word) throw notConfirmed()
}

function notConfirmed(): QuorateError {
  return new QuorateError('declined', 'not confirmed')
}

/** The prompt for a secret receives Ctrl-C as a key, not as a signal. */
function interrupted(): QuorateError {
  return new QuorateError('cancelled', 'interrupted at a question')
}

export function passphraseSource(context: CliContext): AskPassphrase {
  return async (purpose) => {
    if (context.passphraseFile !== undefined) return await firstLine(context.passphraseFile)
    return await askSecret(context, `Passphrase of ${purpose}`, '--passphrase-file FILE')
  }
}

/**
 * For a new secret: asks twice, because a typo would make the result impossible to open. @throws QuorateError
 * `permission`, `declined`, `cancelled`
 */
export async function newPassphrase(context: CliContext, purpose: string): Promise<string> {
  if (context.passphraseFile !== undefined) {
    const passphrase = await firstLine(context.passphraseFile)
    if (passphrase !== '') return passphrase
    throw new QuorateError(
      'permission',
      `the first line of ${context.passphraseFile} is empty, and should be the passphrase`,
    )
  }
  const first = await askSecret(context, `New passphrase for ${purpose}`, '--passphrase-file FILE')
  if (first === '') throw new QuorateError('declined', 'no passphrase was given')
  const second = await askSecret(context, 'Repeat the passphrase', '--passphrase-file FILE')
  if (first === second) return first
  throw new QuorateError('declined', 'the two passphrases differ')
}

/** One password for all nodes, asked once. undefined: there is no terminal to ask on. */
export function sudoPasswordSource(
  context: CliContext,
): ((host: string, user: string) => Promise<string>) | undefined {
  const { sudoPasswordFile } = context
  if (sudoPasswordFile === undefined && !context.interactive) return undefined
  let answer: Promise<string> | undefined
  return async (_host, user) => {
    answer ??=
      sudoPasswordFile === undefined
        ? askSecret(context, `Password of ${user} for sudo on the nodes`, '--sudo-password-file FILE')
        : firstLine(sudoPasswordFile)
    return await answer
  }
}

async function askSecret(context: CliContext, message: string, option: string): Promise<string> {
  if (!context.interactive) {
    throw new QuorateError('permission', `${message} is needed, and there is no terminal to ask on`, {
      id: 'secret-needs-an-answer',
      hint: `rerun with ${option}`,
    })
  }
  const prompts = await import('@clack/prompts')
  discardTyped()
  const answer = await prompts.password({ message: context.forPrompt(message), output: process.stderr })
  if (prompts.isCancel(answer)) throw interrupted()
  return answer
}

async function firstLine(file: string): Promise<string> {
  return (await secretLines(file))[0] ?? ''
}

/** @throws QuorateError `permission` for a file that others can read. */
export async function secretLines(file: string): Promise<readonly string[]> {
  try {
    await using handle = await openForReading(file, { code: 'permission' })
    const { mode } = await handle.stat()
    if ((mode & 0o077) !== 0) {
      throw new QuorateError('permission', `${file} contains a secret, and other users can read it`, {
        hint: `chmod 600 ${file}`,
      })
    }
    return (await readFrom(handle, file, { code: 'permission' })).toString('utf8').split(/\r?\n/)
  } catch (error) {
    throw QuorateError.from(error, 'permission', `can't read ${file}`)
  }
}
