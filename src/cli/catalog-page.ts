/** What docs/reference/commands.md says of all commands together, from the catalog: `script/generate-docs.ts` writes it there. */
import type { CommandDefinition } from './command.ts'
import { COMMANDS } from './commands.ts'

const SHOWN = COMMANDS.filter(({ hidden }) => hidden !== true)

/** By the name between `<!-- NAME -->` and `<!-- /NAME -->` on the page; Markdown. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  'json-output': jsonOutput,
  'asks-for-name': asksForName,
}

/** The page with the present text between the marks. */
export function withGenerated(page: string): string {
  return Object.entries(GENERATED).reduce((text, [name, generate]) => {
    const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`]
    const [from, to] = [text.indexOf(begin), text.indexOf(end)]
    if (from === -1 || to < from) throw new TypeError(`the page has no place for ${name}`)
    return `${text.slice(0, from)}${begin}${generate()}${text.slice(to)}`
  }, page)
}

function jsonOutput(): string {
  const kind = (wanted: CommandDefinition['json']) =>
    names(SHOWN.filter(({ json }) => json === wanted)).join(', ')
  const sometimes = SHOWN.flatMap(({ name, json }) =>
    typeof json === 'object' ? [`\`${name}\` ${json.eventsIf}`] : [],
  )
  return table(
    ['output with `--json`', 'commands'],
    [
      ['events, one a line', kind('events')],
      ['events, otherwise one value', sometimes.join('; ')],
      ['one value', kind('value')],
      ["another program's text", kind('none')],
    ],
  )
}

function asksForName(): string {
  const rows = SHOWN.flatMap(({ name, asksForName: when }) =>
    when === undefined ? [] : [[`\`${name}\``, when]],
  )
  return table(['command', 'asks for the name'], rows)
}

function names(definitions: readonly CommandDefinition[]): string[] {
  return definitions.map(({ name }) => `\`${name}\``).toSorted()
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`)
  return lines.join('')
}
