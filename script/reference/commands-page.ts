/** docs/reference/commands.md: every command, from the catalog; and the parts of pages that list commands. */
import type { CommandDefinition } from '../../src/cli/command.ts'
import { SHARED_OPTIONS } from '../../src/cli/shared-options.ts'
import { SHOWN, effect, exitRows, jsonKind, usage } from './command-facts.ts'
import { anchor, code, escaped, sentence, table } from './markdown.ts'
import { fileName } from './output-schemas.ts'

/** The list on docs/reference/commands.md, between its marks. */
export function commandList(): string {
  const groups = Map.groupBy(SHOWN, ({ group }) => group)
  return [...groups].map(([group, commands]) => `### ${group}\n\n${index(commands)}`).join('\n')
}

export function allCommands(): string {
  return SHOWN.map(section).join('\n')
}

export function sharedOptionTable(): string {
  return table(
    ['option', 'meaning'],
    SHARED_OPTIONS.map(({ flags, description, default: standard }) => [
      code(flags),
      `${escaped(description)}${standard === undefined ? '' : ` (default: ${code(standard)})`}`,
    ]),
  )
}

export function asksForName(): string {
  const rows = SHOWN.flatMap(({ name, asksForName: when }) =>
    when === undefined ? [] : [[link(name), escaped(when)]],
  )
  return table(['command', 'asks for the cluster name'], rows)
}

function index(commands: readonly CommandDefinition[]): string {
  return table(
    ['command', 'what it does'],
    commands.map(({ name, summary }) => [link(name), escaped(summary)]),
  )
}

function link(name: string): string {
  return `[${code(name)}](#${anchor(heading(name))})`
}

function heading(name: string): string {
  return `quorate ${name}`
}

function section(command: CommandDefinition): string {
  const {
    name,
    summary,
    description,
    arguments: args = [],
    options = [],
    rest,
    examples = [],
    json,
  } = command
  const parts = [
    `## ${heading(name)}\n`,
    `${escaped(sentence(summary))}\n`,
    ...(description === undefined ? [] : [`${escaped(description)}\n`]),
    block([usage(command)]),
    table(
      ['argument', 'meaning'],
      [...args, ...(rest === undefined ? [] : [rest])].map(({ syntax, description: meaning }) => [
        code(syntax),
        escaped(meaning),
      ]),
    ),
    table(
      ['option', 'meaning'],
      options.map(({ flags, description: meaning, choices = [] }) => [
        code(flags),
        `${escaped(meaning)}${choices.length === 0 ? '' : `: ${choices.map(code).join(', ')}`}`,
      ]),
    ),
    ...(examples.length === 0 ? [] : [`Examples:\n\n${block(examples)}`]),
    `${facts(command, json)}\n`,
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function facts(command: CommandDefinition, json: CommandDefinition['json']): string {
  const does = effect(command)
  const schema = `../../schema/output/${fileName(command.name)}.schema.json`
  return [
    ...(does === undefined ? [] : [`- ${does}`]),
    `- With \`--json\`: ${jsonKind(command)}${json === 'none' ? '' : ` [Schema](${schema}).`}`,
    `- [Exit codes](errors.md#exit-codes): ${code(
      exitRows(command)
        .map(({ exitCode }) => exitCode)
        .join(' '),
    )}`,
  ].join('\n')
}

/** Not as shell: tests run what pages show as shell, and a separate test covers the examples of help. */
function block(lines: readonly string[]): string {
  return `\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`
}
