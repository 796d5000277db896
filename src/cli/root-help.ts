/** `quorate --help`: the commands first, one per line, then what all of them share. */
import { type Command, Help } from 'commander'

const BEGIN = `First steps:
  quorate init                 Write a commented cluster.yaml
  quorate trust                Compare and record the SSH host keys of the nodes
  quorate plan                 Show the changes that apply would make
  quorate apply                Apply them; safe to rerun
`

const END = `Details and examples: quorate COMMAND --help. Exit codes: 0 done or healthy,
1 failed or unhealthy, 2 changes found; for another one: quorate explain CODE
`

/** For `configureHelp`, which commands of the program inherit: those have commander's usual help. */
export function formatHelp(command: Command, help: Help): string {
  return command.parent === null
    ? rootHelp(command, help)
    : Help.prototype.formatHelp.call(help, command, help)
}

function rootHelp(program: Command, help: Help): string {
  const groups = Map.groupBy(help.visibleCommands(program), (command) => command.helpGroup() || 'More:')
  const width = Math.max(
    ...help.visibleCommands(program).map((command) => help.subcommandTerm(command).length),
  )
  const blocks = [...groups].map(([heading, commands]) => {
    const lines = commands.map(
      (command) =>
        `  ${help.subcommandTerm(command).padEnd(width)}  ${help.subcommandDescription(command)}\n`,
    )
    return `${heading}\n${lines.join('')}`
  })
  const options = help
    .visibleOptions(program)
    .map((option) => help.formatItem(help.optionTerm(option), 27, help.optionDescription(option), help))
  return [
    `Usage: quorate ${program.usage()}\n`,
    `${program.description()}\n`,
    BEGIN,
    ...blocks,
    `Options of all commands, before or after them:\n${options.join('\n')}\n`,
    END,
  ].join('\n')
}
