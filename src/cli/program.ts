/** The commands as commander knows them. Loads no command's work: `--help` must be quick. */
import { Argument, Command, Option } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { EXIT_CODES } from '../errors.ts'
import { visible } from '../spec/visible.ts'
import { COMMAND_GROUPS } from './catalog/groups.ts'
import type { CommandDefinition, CommandInput } from './command.ts'
import { COMMANDS } from './commands.ts'
import { formatHelp } from './root-help.ts'
import { sharedOptions } from './shared-options.ts'

type Run = (definition: CommandDefinition, input: CommandInput) => Promise<void>

/** @param rest what stood after two dashes on the command line; it never comes past commander. */
export function buildProgram(run: Run, rest: readonly string[]): Command {
  const program = new Command('quorate')
    .description('Highly available etcd with TLS on plain Linux machines, over SSH and systemd.')
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help for quorate or a command')
    .usage('[-f FILE] COMMAND …')
    .showHelpAfterError('(quorate --help lists the commands)')
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .configureOutput({
      // Words of the command line are shown again where they are wrong.
      writeErr: (text) => void process.stderr.write(visible(text)),
      writeOut: (text) => void process.stdout.write(visible(text)),
    })
    .configureHelp({ subcommandTerm: (command) => command.name(), formatHelp })
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : EXIT_CODES.usage)
    })
  program.addHelpCommand(
    new Command('help').argument('[command...]').description('show help for a command').helpGroup('More:'),
  )
  for (const option of sharedOptions()) program.addOption(option)
  for (const definition of COMMANDS) addCommand(program, definition, run, rest)
  return program
}

/** `help certs list` as `certs list --help`, and no words at all as `--help`. */
export function normalizeWords(words: readonly string[]): readonly string[] {
  if (words.length === 0) return ['--help']
  const [first, ...asked] = words
  if (first !== 'help') return words
  const known = asked[0] === undefined || COMMANDS.some(({ name }) => name.split(' ')[0] === asked[0])
  // Of a command that there is not, commander has something better to say than the help of all.
  return known ? [...asked, '--help'] : asked
}

function addCommand(
  program: Command,
  definition: CommandDefinition,
  run: Run,
  rest: readonly string[],
): void {
  const words = definition.name.split(' ')
  const parent = words.length === 1 ? program : parentOf(program, words[0] ?? '')
  const { summary, description } = definition
  const command = parent
    .command(words.at(-1) ?? '', { hidden: definition.hidden ?? false })
    .summary(summary)
    .description(description === undefined ? sentence(summary) : `${sentence(summary)}\n\n${description}`)
    .showHelpAfterError(usageHint(definition))
  if (words.length === 1) command.helpGroup(`${definition.group}:`)
  for (const { syntax, description: meaning, values } of definition.arguments ?? []) {
    const argument = new Argument(syntax, meaning)
    command.addArgument(typeof values === 'object' ? argument.choices(values) : argument)
  }
  for (const { flags, description: meaning, choices } of definition.options ?? []) {
    const option = new Option(flags, meaning)
    command.addOption(choices === undefined ? option : option.choices(choices))
  }
  if (definition.rest !== undefined) {
    command.usage(`[options] ${withRest(definition)}`)
  }
  // Shared options work after the command as well as before it.
  for (const option of sharedOptions()) {
    command.addOption(new Option(option.flags, option.description).hideHelp())
  }
  const shared = 'Options of all commands (-f FILE, --json, -v, …): quorate --help'
  if (definition.hidden !== true) command.addHelpText('after', `\n${shared}`)
  if (definition.examples !== undefined) {
    const lines = definition.examples.map((line) => `  ${line}`)
    command.addHelpText('after', `\nExamples:\n${lines.join('\n')}\n`)
  }
  command.action(async (...received: unknown[]) => {
    if (definition.rest === undefined && rest.length > 0) {
      command.error(`error: 'quorate ${definition.name}' takes nothing after two dashes`)
    }
    const args = received
      .slice(0, -2)
      .flat()
      .filter((word) => word !== undefined)
    await run(definition, { args: args.map(String), rest, options: mergeOptions(program, command) })
  })
}

/** `<selector> -- COMMAND…` */
function withRest({ arguments: own = [], rest }: CommandDefinition): string {
  return [...own.map(({ syntax }) => syntax), '--', rest?.syntax ?? ''].join(' ')
}

function usageHint(definition: CommandDefinition): string {
  const { name, rest } = definition
  if (rest === undefined) return `(quorate ${name} --help shows how it is used)`
  return `(another program's words stand after two dashes: quorate ${name} ${withRest(definition)})`
}

function parentOf(program: Command, name: string): Command {
  const known = program.commands.find((command) => command.name() === name)
  if (known) return known
  const group = COMMAND_GROUPS[name] ?? { summary: name, heading: 'More' }
  return program
    .command(name)
    .summary(group.summary)
    .description(sentence(group.summary))
    .helpGroup(`${group.heading}:`)
    .helpCommand(false)
    .showHelpAfterError(`(quorate ${name} --help lists them)`)
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}

/** What stands after the command wins over what stands before it. */
function mergeOptions(program: Command, command: Command): Record<string, unknown> {
  const shared: Record<string, unknown> = program.opts()
  const own = Object.entries<unknown>(command.opts()).filter(
    ([name, value]) => value !== undefined && !(name === 'color' && value === true),
  )
  return { ...shared, ...Object.fromEntries(own) }
}
