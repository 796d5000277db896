import { QuorateError } from '../../errors.ts'
import { type VerifyOptions, type VerifyOutcome, verifyBackups } from '../../verbs/backup/verify-backups.ts'
import { secretSource, storeLocation } from '../backup-options.ts'
import { signersFor, unsignedApproval } from '../signer-options.ts'
import { type CommandHandler, type CommandInput, flagOption } from '../command.ts'
import { renderVerified, verifiedJson } from '../render-backup-verify.ts'
import { printError } from '../render-error.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const verifyCommand: CommandHandler = async (context, input) => {
  const cluster = await loadForCommand(context)
  const location = storeLocation(cluster, input)
  const which = chosen(input)
  const outcomes = await withSession(
    context,
    async (session, ask) => {
      const secret = secretSource(context, input)
      const all: VerifyOutcome[] = []
      const options = {
        location,
        which,
        drill: flagOption(input, 'testRestore'),
        secret: async () => await ask(secret),
        signers: await signersFor(cluster, input),
        acceptUnsigned: flagOption(input, 'unsigned') ? unsignedApproval(context, input, ask) : undefined,
        environment: process.env,
      }
      for await (const outcome of verifyBackups(session, options)) {
        all.push(outcome)
        if (context.json) continue
        await ask(async () => {
          if ('error' in outcome) printError(context, outcome.error)
          else context.out(renderVerified(outcome.report, context.colors))
        })
      }
      return all
    },
    { cluster },
  )
  if (context.json) printValue(context, 'backup verify', { backups: outcomes.map(verifiedJson) })
  const [failed] = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error] : []))
  return failed?.exitCode ?? 0
}

/** @throws QuorateError `usage` */
function chosen(input: CommandInput): VerifyOptions['which'] {
  const [name] = input.args
  if (!flagOption(input, 'all')) return name === undefined ? 'newest' : { name }
  if (name === undefined) return 'all'
  throw new QuorateError('usage', `--all and ${name}: it can only be one`)
}

export default verifyCommand
