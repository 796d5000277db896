import { existsSync } from 'node:fs'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { writeNewClusterFile } from '../../cluster-file/write.ts'
import { renderClusterFile } from '../../spec/init.ts'
import { EXTRA_CHECKS } from '../../cluster-file/load.ts'
import { checkAnswer, clusterFileFrom } from '../../spec/init-answers.ts'
import { type AnswerKey, type Answers, QUESTIONS, type Question } from '../../spec/init-questions.ts'
import { parseClusterFile } from '../../spec/parse.ts'
import { formatProblems } from '../../spec/problem.ts'
import { type CommandHandler, type CommandInput, flagOption, textOption } from '../command.ts'
import { printValue } from '../output/print-json.ts'

const init: CommandHandler = async (context, input) => {
  const file = textOption(input, 'out') ?? context.file
  // Checked before the questions; `writeNewClusterFile` checks again.
  if (file !== '-' && existsSync(file)) throw alreadyThere(file)
  const given = answersFrom(input)
  const unanswered = Object.keys(given).every((key) => key === 'kubernetes')
  const answers = context.interactive && unanswered ? await ask(given) : given
  const content = clusterFileFrom(answers, CHECKS)
  const text = renderClusterFile(content, schemaBeside(file))
  const { problems } = parseClusterFile(text, file, CHECKS)
  // Every answer was checked, alone and together with the others.
  if (problems.some(({ severity }) => severity === 'error')) throw new TypeError(formatProblems(problems))
  if (file === '-') {
    context.out(text)
    return 0
  }
  await writeNewClusterFile(file, text, alreadyThere)
  if (context.json) {
    const { name, nodes } = content
    printValue(context, 'init', { file, name, nodes: nodes.length, warnings: problems })
    return 0
  }
  if (problems.length > 0) context.err(`${formatProblems(problems)}\n`)
  context.out(`wrote ${file}; its comments describe further settings\n`)
  const option = file === 'cluster.yaml' ? '' : `-f ${file} `
  for (const step of ['trust', 'preflight', 'apply']) context.err(`  quorate ${option}${step}\n`)
  return 0
}

/** The same checks as for every file that a command reads. */
const CHECKS = { extraChecks: EXTRA_CHECKS }

function answersFrom(input: CommandInput): Answers {
  const answers: Partial<Record<AnswerKey, string>> = flagOption(input, 'kubernetes')
    ? { kubernetes: 'yes' }
    : {}
  for (const { key, flag } of QUESTIONS) {
    const answer = textOption(input, optionName(flag))
    if (answer !== undefined) answers[key] = answer
  }
  return answers
}

/** The name that commander gives to `--ca-host NAME`: `caHost`. */
export function optionName(flag: string): string {
  const [long = ''] = flag.split(' ')
  return long.slice(2).replaceAll(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase())
}

/** @throws QuorateError `cancelled` on Ctrl-C */
async function ask(given: Answers): Promise<Answers> {
  const prompts = await import('@clack/prompts')
  const answers: Partial<Record<AnswerKey, string>> = { ...given }
  prompts.intro(
    'New cluster file. Press Return to accept the value in the line; an empty line leaves the value out. Ctrl-C stops without writing a file.',
    {
      output: process.stderr,
    },
  )
  for (const question of QUESTIONS) {
    if (!question.when(answers)) continue
    const answer = await askOne(prompts, question, answers)
    if (typeof answer !== 'string') throw new QuorateError('cancelled', 'interrupted at a question')
    if (answer !== '') answers[question.key] = answer
  }
  return answers
}

async function askOne(
  prompts: typeof import('@clack/prompts'),
  question: Question,
  answers: Answers,
): Promise<string | symbol> {
  const output = process.stderr
  const { text, options, placeholder } = question
  const standard = question.default(answers)
  const initial = standard === undefined ? {} : { initialValue: standard }
  // An empty line means the default, like an option that is not given.
  const meant = (typed: string | undefined) => (typed ?? '').trim() || (standard ?? '')
  const complaint = (typed: string | undefined) => checkAnswer(question, meant(typed), answers, CHECKS)
  if (options === undefined) {
    // Otherwise the example could be mistaken for a value.
    const example = placeholder === undefined ? {} : { placeholder: `for example ${placeholder}` }
    const typed = await prompts.text({ message: text, output, ...example, ...initial, validate: complaint })
    return typeof typed === 'string' ? meant(typed) : typed
  }
  const choices = options.map(({ value, label }) => ({ value, label: value, hint: label }))
  for (;;) {
    const chosen = await prompts.select({ message: text, options: choices, output, ...initial })
    const wrong = typeof chosen === 'string' ? complaint(chosen) : undefined
    if (wrong === undefined) return chosen
    prompts.log.error(wrong, { output })
  }
}

function alreadyThere(file: string): QuorateError {
  return new QuorateError('usage', `${file} already exists`, {
    hint: 'name another file with --out FILE, or rename the existing one',
  })
}

/** If quorate is installed next to the file, editors find its schema in it. */
function schemaBeside(file: string): { schema?: string } {
  const schema = 'node_modules/quorate/schema/cluster.schema.json'
  return file !== '-' && existsSync(path.join(path.dirname(file), schema)) ? { schema } : {}
}

export default init
