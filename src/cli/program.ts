/** Defines the commands for commander. Loads no command, because `--help` must be fast. */
import { Argument, Command, type CommanderError, Option } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { QuorateError } from '../errors.ts'
import { nearest } from '../spec/nearest.ts'
import { COMMAND_GROUPS } from './catalog/groups.ts'
import type { CommandDefinition, CommandInput } from './command.ts'
import { COMMANDS } from './commands.ts'
import { examplesText, helpWidth } from './help-width.ts'
import { formatHelp } from './root-help.ts'
import { sharedOptions } from './shared-options.ts'

type Run = (definition: CommandDefinition, input: CommandInput) => Promise<void>

/**
 * An invalid command line is an error like any other: `parseAsync` rejects with a QuorateError `usage`.
 *
 * @param rest arguments after `--` on the command line; commander never sees them.
 */
export function buildProgram(run: Run, rest: readonly string[]): Command {
  // commander writes the error, then the hint, and then exits.
  const said: string[] = []
  const program = new Command('quorate')
    .description('Deploy and operate highly available etcd on plain Linux nodes over SSH.')
    .version(packageJson.version, '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Show help for quorate or a command')
    .usage('[-f FILE] COMMAND …')
    .showHelpAfterError('list the commands: quorate --help')
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .configureOutput({
      writeErr: (text) => void said.push(text),
      getOutHelpWidth: () => helpWidth(process.stdout),
      getErrHelpWidth: () => helpWidth(process.stderr),
    })
    .configureHelp({ subcommandTerm: (command) => command.name(), formatHelp, minWidthToWrap: 20 })
    .exitOverride((error) => {
      if (error.exitCode === 0) process.exit(0)
      throw usageError(error, said)
    })
  program.addHelpCommand(
    new Command('help').argument('[command...]').description('Show help for a command').helpGroup('More:'),
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
  // For an unknown command, commander has a better message than the general help.
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
  for (const { flags, description: meaning, choices, formerly } of definition.options ?? []) {
    const option = new Option(flags, meaning)
    command.addOption(choices === undefined ? option : option.choices(choices))
    if (formerly !== undefined) command.addOption(new Option(flags.replace(/--[a-z-]+/, formerly)).hideHelp())
  }
  if (definition.rest !== undefined) {
    command.usage(`[options] ${withRest(definition)}`)
  }
  addShared(command)
  const shared = 'Options of all commands (-f FILE, --json, -v, …): quorate --help'
  if (definition.hidden !== true) command.addHelpText('after', `\n${shared}`)
  if (definition.examples !== undefined)
    command.addHelpText('after', () => examplesText(definition, helpWidth(process.stdout)))
  // Otherwise commander takes an unknown subcommand for an argument.
  const below = subcommands(definition.name)
  if (below.length > 0) command.allowExcessArguments().allowUnknownOption()
  command.action(async (...received: unknown[]) => {
    if (below.length > 0 && command.args.length > 0)
      command.error(unknownWord(command, definition.name, below))
    if (definition.rest === undefined && rest.length > 0) {
      command.error(`error: 'quorate ${definition.name}' takes no arguments after --`)
    }
    const args = received
      .slice(0, -2)
      .flat()
      .filter((word) => word !== undefined)
    const options = underPresentNames(definition, mergeOptions(command))
    await run(definition, { args: args.map(String), rest, options })
  })
}

/** Moves values of an option's older name to its present name. */
function underPresentNames(
  { options: known = [] }: CommandDefinition,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const renamed = { ...given }
  for (const { flags, formerly } of known) {
    if (formerly === undefined) continue
    const [name, former] = [new Option(flags), new Option(formerly)].map((one) => one.attributeName())
    if (name === undefined || former === undefined || renamed[former] === undefined) continue
    renamed[name] ??= renamed[former]
    delete renamed[former]
  }
  return renamed
}

/** Shared options work both before and after the command. */
function addShared(command: Command): Command {
  for (const { flags, description } of sharedOptions())
    command.addOption(new Option(flags, description).hideHelp())
  return command
}

/** `list`, `verify` … of `backup`, which is a command itself. */
function subcommands(name: string): readonly string[] {
  return COMMANDS.filter((one) => one.name.startsWith(`${name} `) && one.hidden !== true).map((one) =>
    one.name.slice(name.length + 1),
  )
}

/**
 * In the form that commander uses for unknown commands. The suggestion depends only on the first word: those after it
 * may belong to the right command.
 */
function unknownWord(command: Command, name: string, below: readonly string[]): string {
  const [word = ''] = command.args
  const flags = command.options.flatMap(({ long, hidden }) => (hidden ? [] : (long ?? [])))
  const isOption = word.startsWith('-')
  const what = isOption ? `option '${word}'` : `command '${name} ${word}'`
  const near = nearest(word, isOption ? flags : below)
  return `error: unknown ${what}${near === undefined ? '' : `\n(Did you mean ${near}?)`}`
}

function usageError(error: CommanderError, said: readonly string[]): QuorateError {
  if (error.code !== 'commander.help') {
    const message = error.message.replace(/^error: /, '')
    return new QuorateError('usage', message, { hint: said[1]?.trim() })
  }
  // Only a group of commands: commander shows its help.
  const group = /^Usage: (.*?) \[/.exec(said.join(''))?.[1] ?? 'quorate'
  const names = subcommands(group.replace('quorate ', ''))
  return new QuorateError('usage', `'${group}' needs a subcommand: ${names.join(', ')}`, {
    hint: `choose one: ${group} --help`,
  })
}

/** `<selector> -- COMMAND…` */
function withRest({ arguments: own = [], rest }: CommandDefinition): string {
  return [...own.map(({ syntax }) => syntax), '--', rest?.syntax ?? ''].join(' ')
}

function usageHint(definition: CommandDefinition): string {
  const { name, rest } = definition
  if (rest === undefined) return `see the usage: quorate ${name} --help`
  return `put the command after --: quorate ${name} ${withRest(definition)}`
}

function parentOf(program: Command, name: string): Command {
  const known = program.commands.find((command) => command.name() === name)
  if (known) return known
  const group = COMMAND_GROUPS[name] ?? { summary: name, heading: 'More' }
  return addShared(program.command(name))
    .summary(group.summary)
    .description(sentence(group.summary))
    .helpGroup(`${group.heading}:`)
    .helpCommand(false)
    .showHelpAfterError(`list its commands: quorate ${name} --help`)
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}

/** Options after the command override options before it. */
function mergeOptions(command: Command): Record<string, unknown> {
  const before = command.parent === null ? {} : mergeOptions(command.parent)
  const own = Object.entries<unknown>(command.opts()).filter(
    ([name, value]) =>
      value !== undefined && !(command.parent !== null && name === 'color' && value === true),
  )
  return { ...before, ...Object.fromEntries(own) }
}
