import { kubectl } from '../../verbs/kubernetes/kubectl.ts'
import { type CommandHandler, flagOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { QuorateError } from '../../errors.ts'
import { loadForCommand, withSession } from '../with-session.ts'

const kubectlCommand: CommandHandler = async (context, input) => {
  const [node, ...words] = input.args
  if (words.length > 0) throw withoutDashes([node ?? '', ...words])
  const cluster = await loadForCommand(context)
  return await withSession(
    context,
    async ({ fleet, signal }) => {
      const result = await kubectl({
        cluster,
        node,
        args: input.rest,
        fleet,
        terminal: flagOption(input, 'terminal') && requireTerminal(context),
        stdin: flagOption(input, 'stdin') ? process.stdin : undefined,
        signal,
        onStdout: (bytes) => void context.bytes.out(bytes),
        onStderr: (bytes) => void context.bytes.err(bytes),
      })
      return result.exitCode
    },
    { cluster },
  )
}

/** @throws QuorateError `usage` */
function requireTerminal({ terminal, json }: CliContext): boolean {
  if (terminal && !json) return true
  throw new QuorateError('usage', '--terminal needs a terminal as input and output, and no --json', {
    hint: 'leave it out to pipe output, or give --stdin to pipe input',
  })
}

function withoutDashes(words: readonly string[]): QuorateError {
  return new QuorateError('usage', 'the arguments of kubectl must follow --', {
    hint: `run quorate kubectl -- ${words.join(' ')}`,
  })
}

export default kubectlCommand
