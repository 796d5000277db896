import { etcdctl } from '../../verbs/machines/etcdctl.ts'
import { type CommandHandler, flagOption, textOption } from '../command.ts'
import { QuorateError } from '../../errors.ts'
import { loadForCommand, withSession } from '../with-session.ts'

const etcdctlCommand: CommandHandler = async (context, input) => {
  const [node, ...words] = input.args
  if (words.length > 0) throw withoutDashes([node ?? '', ...words])
  const cluster = await loadForCommand(context)
  return await withSession(
    context,
    async ({ fleet, signal }) => {
      const result = await etcdctl({
        cluster,
        node,
        args: input.rest,
        api: textOption(input, 'api') === '2' ? 2 : 3,
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
  return new QuorateError('usage', 'the arguments of etcdctl must follow --', {
    hint: `run quorate etcdctl -- ${words.join(' ')}`,
  })
}

export default etcdctlCommand
