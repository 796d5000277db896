/** What opens a bundle: a file with secret keys of age, or a passphrase. */
import { readFile } from 'node:fs/promises'
import type { Secret } from '../backup/sealing.ts'
import { QuorateError } from '../errors.ts'
import { passphraseSource } from './ask.ts'
import { type CommandInput, textOption } from './command.ts'
import type { CliContext } from './context.ts'

export function backupSecret(context: CliContext, input: CommandInput): () => Promise<Secret> {
  const file = textOption(input, 'identity')
  return async () => {
    if (file === undefined)
      return { kind: 'passphrase', passphrase: await passphraseSource(context)('the backup') }
    let text: string
    try {
      text = await readFile(file, 'utf8')
    } catch (error) {
      throw QuorateError.from(error, 'permission', `${file} can't be read`)
    }
    const identities = text
      .split('\n')
      .flatMap((line) => (line.startsWith('AGE-SECRET-KEY-') ? [line.trim()] : []))
    if (identities.length > 0) return { kind: 'identities', identities }
    throw new QuorateError('backup', `there is no secret key of age in ${file}`, {
      hint: 'the file has a line that begins with AGE-SECRET-KEY-, as age-keygen writes it',
    })
  }
}
