import { existsSync } from 'node:fs'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { writeNewClusterFile } from '../../operations/cluster-file.ts'
import { renderClusterFile } from '../../spec/init.ts'
import {
  type AnswerKey,
  type Answers,
  QUESTIONS,
  type Question,
  clusterFileFrom,
} from '../../spec/init-questions.ts'
import { parseClusterFile } from '../../spec/parse.ts'
import { formatProblems } from '../../spec/problem.ts'
import { type CommandHandler, type CommandInput, textOption } from '../command.ts'

const init: CommandHandler = async (context, input) => {
  const file = textOption(input, 'out') ?? context.file
  // Not after all the questions; `writeNewClusterFile` asks again.
  if (file !== '-' && existsSync(file)) throw alreadyThere(file)
  const given = answersFrom(input)
  const answers = context.interactive && Object.keys(given).length === 0 ? await ask() : given
  const text = renderClusterFile(clusterFileFrom(answers), schemaBeside(file))
  // Answers that are right one by one can be wrong together: two nodes with one address.
  const { cluster, problems } = parseClusterFile(text, file)
  if (cluster === undefined)
    throw new QuorateError('usage', problems.map(({ message }) => message).join('\n'))
  if (file === '-') {
    context.out(text)
    return 0
  }
  await writeNewClusterFile(file, text, alreadyThere)
  if (context.json) {
    context.out(
      `${JSON.stringify({ file, name: cluster.name, nodes: cluster.nodes.length, warnings: problems })}\n`,
    )
    return 0
  }
  if (problems.length > 0) context.err(`${formatProblems(problems)}\n`)
  context.out(`${file} is written: read it, it says what else can be set\n`)
  const option = file === 'cluster.yaml' ? '' : `-f ${file} `
  for (const step of ['trust', 'preflight', 'apply']) context.err(`  quorate ${option}${step}\n`)
  return 0
}

function answersFrom(input: CommandInput): Answers {
  const answers: Partial<Record<AnswerKey, string>> = {}
  for (const { key, flag } of QUESTIONS) {
    const answer = textOption(input, optionName(flag))
    if (answer !== undefined) answers[key] = answer
  }
  return answers
}

/** `--ca-host NAME` as commander calls it: `caHost`. */
export function optionName(flag: string): string {
  const [long = ''] = flag.split(' ')
  return long.slice(2).replaceAll(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase())
}

/** @throws QuorateError `cancelled` on Ctrl-C */
async function ask(): Promise<Answers> {
  const prompts = await import('@clack/prompts')
  const answers: Partial<Record<AnswerKey, string>> = {}
  prompts.intro(
    'A new cluster file. Return takes what stands there already; Ctrl-C leaves, and nothing is written.',
    {
      output: process.stderr,
    },
  )
  for (const question of QUESTIONS) {
    if (!question.when(answers)) continue
    const answer = await askOne(prompts, question, question.default(answers))
    if (typeof answer !== 'string' && answer !== undefined)
      throw new QuorateError('cancelled', 'stopped: nothing was written')
    answers[question.key] = answer ?? ''
  }
  return answers
}

async function askOne(
  prompts: typeof import('@clack/prompts'),
  { text, options, placeholder, validate }: Question,
  standard: string | undefined,
): Promise<string | undefined | symbol> {
  const output = process.stderr
  if (options !== undefined) {
    const choices = options.map(({ value, label }) => ({ value, label: value, hint: label }))
    return await prompts.select({
      message: text,
      options: choices,
      output,
      ...(standard === undefined ? {} : { initialValue: standard }),
    })
  }
  return await prompts.text({
    message: text,
    output,
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(standard === undefined ? {} : { initialValue: standard }),
    validate: (answer) => validate((answer ?? '').trim()),
  })
}

function alreadyThere(file: string): QuorateError {
  return new QuorateError('usage', `${file} is there already, and is not overwritten`, {
    hint: 'name another with --out FILE, or move it away',
  })
}

/** Where quorate is installed beside the file, editors find its schema there. */
function schemaBeside(file: string): { schema?: string } {
  const schema = 'node_modules/quorate/schema/cluster.schema.json'
  return file !== '-' && existsSync(path.join(path.dirname(file), schema)) ? { schema } : {}
}

export default init
