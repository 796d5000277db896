/** Questions to whoever sits at the terminal, and the files that answer in their place. */
import { QuorateError } from '../errors.ts'
import { openForReading, readFrom } from '../files/read-file.ts'
import type { AskPassphrase } from '../pki/authority.ts'
import { askLine, discardTyped } from './ask-line.ts'
import type { CliContext } from './context.ts'

export interface Question {
  /** A member stops or restarts, or leaves: a single key is not enough, the whole word `yes` is to be typed. */
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
      `this needs a yes, and there is no terminal to ask on: ${message}`,
      {
        hint: 'give --yes',
      },
    )
  }
  const yes = stopsMember ? /^yes$/ : /^(?:y|yes)$/i
  const choice = stopsMember ? "Type 'yes' to go on, or 'no':" : '[y/N]'
  for (let asked = `${message} ${choice}`; ; asked = stopsMember ? choice : 'Type y or n:') {
    const answer = await askLine(context, asked)
    if (answer === undefined || /^(?:|n|no)$/i.test(answer)) throw notConfirmed()
    // Anything else is no answer: a shell line that was meant for another window, say.
    if (yes.test(answer)) return
  }
}

/** Asks for a word to be typed, for what can't be taken back. `given`: it came with an option. */
export async function confirmByTyping(
  context: CliContext,
  message: string,
  word: string,
  given: string | undefined,
): Promise<void> {
  if (given === word) return
  if (given !== undefined)
    throw new QuorateError('usage', `'${given}' is not the name: it is '${word}'. Nothing was changed`)
  if (!context.interactive) {
    throw new QuorateError(
      'unconfirmed',
      `this needs the cluster's name, and there is no terminal to ask on. Nothing was changed`,
      {
        hint: `give --confirm ${word}`,
      },
    )
  }
  await askForWord(context, message, word)
}

/** On a terminal, whatever options say. @throws QuorateError `declined` for anything but the word; `cancelled` on Ctrl-C */
export async function askForWord(context: CliContext, message: string, word: string): Promise<void> {
  if ((await askLine(context, `${message} Type '${word}' to go on:`)) !== word) throw notConfirmed()
}

function notConfirmed(): QuorateError {
  return new QuorateError('declined', 'not confirmed: nothing was changed')
}

/** While a secret is asked for the terminal hands Ctrl-C over as a key: there is no signal. */
function interrupted(): QuorateError {
  return new QuorateError('cancelled', 'interrupted: nothing was changed')
}

export function passphraseSource(context: CliContext): AskPassphrase {
  return async (purpose) => {
    if (context.passphraseFile !== undefined) return await firstLine(context.passphraseFile)
    return await askSecret(context, `Passphrase of ${purpose}`, '--passphrase-file FILE')
  }
}

/** For something new: typed twice, for nobody could open it after a slip. @throws QuorateError `permission`, `declined`, `cancelled` */
export async function newPassphrase(context: CliContext, purpose: string): Promise<string> {
  if (context.passphraseFile !== undefined) {
    const passphrase = await firstLine(context.passphraseFile)
    if (passphrase !== '') return passphrase
    throw new QuorateError(
      'permission',
      `${context.passphraseFile} has an empty first line, where the passphrase is`,
    )
  }
  const first = await askSecret(context, `New passphrase for ${purpose}`, '--passphrase-file FILE')
  if (first === '') throw new QuorateError('declined', 'no passphrase given: nothing was done')
  const second = await askSecret(context, 'The same once more', '--passphrase-file FILE')
  if (first === second) return first
  throw new QuorateError('declined', 'the two passphrases differ: nothing was done')
}

/** One password for all machines; asked once. undefined where nobody can be asked. */
export function sudoPasswordSource(
  context: CliContext,
): ((host: string, user: string) => Promise<string>) | undefined {
  const { sudoPasswordFile } = context
  if (sudoPasswordFile === undefined && !context.interactive) return undefined
  let answer: Promise<string> | undefined
  return async (_host, user) => {
    answer ??=
      sudoPasswordFile === undefined
        ? askSecret(context, `Password of ${user} for sudo on the machines`, '--sudo-password-file FILE')
        : firstLine(sudoPasswordFile)
    return await answer
  }
}

async function askSecret(context: CliContext, message: string, option: string): Promise<string> {
  if (!context.interactive) {
    throw new QuorateError('permission', `${message} is needed, and there is no terminal to ask on`, {
      hint: `give ${option}`,
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
      throw new QuorateError('permission', `${file} holds a secret, and others than its owner can read it`, {
        hint: `chmod 600 ${file}`,
      })
    }
    return (await readFrom(handle, file, { code: 'permission' })).toString('utf8').split(/\r?\n/)
  } catch (error) {
    throw QuorateError.from(error, 'permission', `${file} can't be read`)
  }
}
