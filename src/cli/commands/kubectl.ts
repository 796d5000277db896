import { kubectl } from '../../verbs/kubernetes/kubectl.ts'
import { type CommandHandler, flagOption } from '../command.ts'
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

function withoutDashes(words: readonly string[]): QuorateError {
  return new QuorateError('usage', "kubectl's own words stand after two dashes", {
    hint: `quorate kubectl -- ${words.join(' ')}`,
  })
}

export default kubectlCommand
