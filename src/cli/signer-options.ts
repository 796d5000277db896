/** The allowed signers of a backup, and the question for a backup that none of them signed. */
import type { BundleTrust, TrustedSigners } from '../backup/trusted.ts'
import { givenSigners, trustedSigners } from '../backup/signers.ts'
import type { Cluster } from '../spec/cluster.ts'
import { askForWord } from './ask.ts'
import { type CommandInput, flagOption, textOption } from './command.ts'
import type { CliContext } from './context.ts'

/** The list of `--signers`, else that of the cluster; undefined without a cluster. @throws QuorateError `state` */
export async function signersFor(cluster: Cluster | undefined, input: CommandInput): Promise<TrustedSigners> {
  const given = textOption(input, 'signers')
  if (given !== undefined) return await givenSigners(given)
  if (cluster !== undefined) return await trustedSigners(cluster)
  return { text: undefined, file: 'list of allowed signers on this workstation (--signers FILE)' }
}

/** The word that confirms a backup without a verified signature. */
const WORD = 'unsigned'

/** With `--unsigned` it only warns; on a terminal it asks for a word; otherwise it refuses. */
export function unsignedApproval(
  context: CliContext,
  input: CommandInput,
  ask: <T>(question: () => Promise<T>) => Promise<T> = async (question) => await question(),
): BundleTrust['acceptUnsigned'] {
  const { colors, err, interactive } = context
  const warning = (name: string, why: string) =>
    `${colors.yellow('!')} the origin of ${name} is not verified: ${why}.\n  If it is forged, all its contents are: the keys, the cluster file and the CA.\n`
  if (flagOption(input, 'unsigned')) {
    return async ({ name, why }) => await ask(async () => err(warning(name, why)))
  }
  // `--yes` does not answer this.
  if (!interactive) return undefined
  return async ({ name, why }) =>
    await ask(async () => {
      err(warning(name, why))
      await askForWord(context, `Use the backup ${name} without a verified origin?`, WORD)
    })
}
