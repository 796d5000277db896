/** Who may have signed a backup, and what is asked where nobody has. */
import type { BundleTrust, TrustedSigners } from '../backup/trusted.ts'
import { givenSigners, trustedSigners } from '../backup/signers.ts'
import type { Cluster } from '../spec/cluster.ts'
import { askForWord } from './ask.ts'
import { type CommandInput, flagOption, textOption } from './command.ts'
import type { CliContext } from './context.ts'

/** The list of `--signers`, else that of the cluster; without a cluster there is none. @throws QuorateError `state` */
export async function signersFor(cluster: Cluster | undefined, input: CommandInput): Promise<TrustedSigners> {
  const given = textOption(input, 'signers')
  if (given !== undefined) return await givenSigners(given)
  if (cluster !== undefined) return await trustedSigners(cluster)
  return { text: undefined, file: 'list of allowed signers here (--signers FILE)' }
}

/** The word that is typed for a backup that nobody vouches for. */
const WORD = 'unsigned'

/** With `--unsigned` it is only said; on a terminal a word has to be typed; elsewhere it is refused. */
export function unsignedApproval(
  context: CliContext,
  input: CommandInput,
  ask: <T>(question: () => Promise<T>) => Promise<T> = async (question) => await question(),
): BundleTrust['acceptUnsigned'] {
  const { colors, err, interactive } = context
  const warning = (name: string, why: string) =>
    `${colors.yellow('!')} the origin of ${name} is not verified: ${why}.\n  If it is forged, so is everything in it: the keys, the cluster file and the CA.\n`
  if (flagOption(input, 'unsigned')) {
    return async ({ name, why }) => await ask(async () => err(warning(name, why)))
  }
  // `--yes` does not answer this.
  if (!interactive) return undefined
  return async ({ name, why }) =>
    await ask(async () => {
      err(warning(name, why))
      await askForWord(context, `Use the backup ${name} all the same?`, WORD)
    })
}
