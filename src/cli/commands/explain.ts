import { QuorateError } from '../../errors.ts'
import type { CommandHandler } from '../command.ts'
import type { CliContext } from '../context.ts'
import { type Topic, explain, nearestTopics } from '../explain/topics.ts'
import { printValue } from '../output/print-json.ts'

const explainCommand: CommandHandler = async (context, input) => {
  const [topic = ''] = input.args
  const found = explain(topic)
  if (found.length === 0) {
    const near = nearestTopics(topic)
    throw new QuorateError(
      'usage',
      `"${topic}" is not a key of the cluster file, an error, an alarm or an exit code`,
      {
        hint:
          near.length > 0
            ? `try one of these: ${near.join(', ')}`
            : 'give a path like etcd.version, a code like blocked, or an exit code like 8',
      },
    )
  }
  if (context.json) printValue(context, 'explain', { topic, found })
  else context.out(found.map((one) => describe(one, context.colors)).join('\n'))
  return 0
}

function describe(topic: Topic, { bold, dim, cyan }: CliContext['colors']): string {
  const lines = (pairs: readonly (readonly [string, string | undefined])[]) =>
    pairs.flatMap(([name, text]) =>
      text === undefined ? [] : [`  ${dim(`${name}:`)}${' '.repeat(Math.max(1, 10 - name.length))}${text}\n`],
    )
  switch (topic.kind) {
    case 'key': {
      const { path, type, required, description, limits, examples, keys } = topic
      return [
        `${bold(path)}  ${type}${required ? ', required' : ''}\n`,
        description === '' ? '' : `\n  ${description}\n`,
        '\n',
        ...lines([
          ['default', topic.default === null ? undefined : asYaml(topic.default)],
          ['limits', limits.length === 0 ? undefined : limits.join('; ')],
          ['example', examples.length === 0 ? undefined : examples.map(asYaml).join('   ')],
          ['keys', keys.length === 0 ? undefined : keys.join(', ')],
          ['docs', cyan(topic.docs)],
        ]),
      ].join('')
    }
    case 'error': {
      const { code, exitCode, meaning, changed, fix, docs } = topic
      const rows = lines([
        ['changed', changed],
        ['fix', fix],
        ['docs', cyan(docs)],
      ])
      return `${bold(code)}  error code, exit code ${exitCode}\n\n  ${meaning}\n\n${rows.join('')}`
    }
    case 'error-id': {
      const { topic: name, code, exitCode, messages, changed, fixes, docs } = topic
      const rows = lines([
        ['changed', changed],
        ...fixes.map((fix) => ['fix', fix] as const),
        ['docs', cyan(docs)],
      ])
      const said = messages.length === 0 ? '' : `\n${messages.map((text) => `  ${text}\n`).join('')}`
      return `${bold(name)}  error of the code ${code}, exit code ${exitCode}\n${said}\n${rows.join('')}`
    }
    case 'alarm': {
      const { alarm, meaning, fix, docs } = topic
      const rows = lines([
        ['fix', fix],
        ['docs', cyan(docs)],
      ])
      return `${bold(alarm)}  alarm of etcd\n\n  ${meaning}\n\n${rows.join('')}`
    }
    case 'exit-code': {
      const { exitCode, meaning, codes, docs } = topic
      const text = meaning === null ? '' : `\n  ${meaning}\n`
      const rows = lines([
        ['errors', codes.length === 0 ? undefined : codes.join(', ')],
        ['docs', cyan(docs)],
      ])
      return `${bold(`exit code ${exitCode}`)}\n${text}\n${rows.join('')}`
    }
  }
}

/** Flow style, which fits on one line after the key. */
function asYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asYaml).join(', ')}]`
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export default explainCommand
