/** `quorate --help`: the commands first, a line each, then what all of them share. */
import { type Command, Help } from 'commander'

const BEGIN = `Begin:
  quorate init                 write a commented cluster.yaml
  quorate trust                compare the machines' host keys and record them
  quorate plan                 see what would be done
  quorate apply                do it; run it again at any time
`

const END = `quorate COMMAND --help tells more, with examples. Exit codes: 0 done or healthy,
1 failed or unhealthy, 2 plan found changes; see docs/reference/exit-codes.md
`

/** For `configureHelp`, which commands of the program inherit: they have the usual help. */
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
