/** The commands as commander knows them. Loads no command's work: `--help` must be quick. */
import { Command, Option } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { EXIT_CODES } from '../errors.ts'
import type { CommandDefinition, CommandInput } from './command.ts'
import { COMMANDS } from './commands.ts'

type Run = (definition: CommandDefinition, input: CommandInput) => Promise<void>

const EPILOGUE = `
Begin:
  quorate init                    write a commented cluster.yaml
  quorate trust                   look at the machines' host keys and record them
  quorate apply                   bring the machines to what the file says

Exit codes: 0 done or healthy, 1 failed or unhealthy, 2 plan found changes; the others are in docs/exit-codes.md.
Documentation: docs/ in the package, one page a topic.
`

export function buildProgram(run: Run): Command {
  const program = new Command('quorate')
    .description(
      'Highly available, TLS-secured etcd on plain Linux machines, over nothing but SSH and systemd.',
    )
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help for quorate or a command')
    .usage('[-f FILE] COMMAND …')
    .showHelpAfterError('(quorate --help lists the commands)')
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() })
    .addHelpText('after', EPILOGUE)
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : EXIT_CODES.usage)
    })
  for (const option of sharedOptions()) program.addOption(option)
  for (const definition of COMMANDS) addCommand(program, definition, run)
  return program
}

function sharedOptions(): Option[] {
  return [
    new Option('-f, --file <file>', 'the cluster file').default('cluster.yaml'),
    new Option('--json', 'print JSON instead of text'),
    new Option('-v, --verbose', 'say more'),
    new Option('-y, --yes', 'answer every question with yes'),
    new Option('--no-color', 'no colours (nor where the output is no terminal, or NO_COLOR is set)'),
    new Option('--sudo-password-file <file>', "the first line is sudo's password on the machines"),
    new Option('--passphrase-file <file>', "the first line is the passphrase of the CA's key"),
  ]
}

function addCommand(program: Command, definition: CommandDefinition, run: Run): void {
  const words = definition.name.split(' ')
  const parent = words.length === 1 ? program : parentOf(program, words[0] ?? '')
  const command = parent
    .command(words.at(-1) ?? '')
    .summary(definition.summary)
    .description(
      definition.description === undefined
        ? definition.summary
        : `${definition.summary}\n\n${definition.description}`,
    )
  if (words.length === 1) command.helpGroup(`${definition.group}:`)
  for (const argument of definition.arguments ?? []) command.argument(argument.syntax, argument.description)
  for (const option of definition.options ?? []) {
    const made = new Option(option.flags, option.description)
    command.addOption(option.default === undefined ? made : made.default(option.default))
  }
  // Shared options work after the command as well as before it.
  for (const option of sharedOptions()) {
    if (definition.passThrough !== true) command.addOption(withoutDefault(option).hideHelp())
  }
  if (definition.passThrough === true) command.passThroughOptions()
  if (definition.examples !== undefined) {
    command.addHelpText(
      'after',
      `\nExamples:\n${definition.examples.map((line) => `  ${line}`).join('\n')}\n`,
    )
  }
  command.action(async (...received: unknown[]) => {
    const positional = received
      .slice(0, -2)
      .flat()
      .filter((word) => word !== undefined)
    const options = mergeOptions(program, command)
    await run(definition, { args: positional.map(String), options })
  })
}

function parentOf(program: Command, name: string): Command {
  const known = program.commands.find((command) => command.name() === name)
  if (known) return known
  const group = GROUP_SUMMARIES[name] ?? { summary: name, heading: 'More' }
  return program
    .command(name)
    .summary(group.summary)
    .description(group.summary)
    .helpGroup(`${group.heading}:`)
}

const GROUP_SUMMARIES: Readonly<Record<string, { summary: string; heading: string }>> = {
  certs: { summary: 'list, request, import and issue certificates', heading: 'Certificates' },
  lab: { summary: 'the machines of a cluster file as containers on this computer', heading: 'More' },
}

function withoutDefault(option: Option): Option {
  return new Option(option.flags, option.description)
}

/** What stands after the command wins over what stands before it. */
function mergeOptions(program: Command, command: Command): Record<string, unknown> {
  const own = Object.entries(command.opts() as Record<string, unknown>).filter(
    ([name, value]) => value !== undefined && !(name === 'color' && value === true),
  )
  return { ...(program.opts() as Record<string, unknown>), ...Object.fromEntries(own) }
}

export function globalOptions(options: Readonly<Record<string, unknown>>) {
  const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined)
  return {
    file: text('file') ?? 'cluster.yaml',
    json: options['json'] === true,
    verbose: options['verbose'] === true,
    yes: options['yes'] === true,
    color: options['color'] !== false,
    sudoPasswordFile: text('sudoPasswordFile'),
    passphraseFile: text('passphraseFile'),
  }
}
