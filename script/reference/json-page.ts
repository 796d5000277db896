/** The part of docs/reference/json.md that lists what each command prints. */
import { SHOWN, jsonKind } from './command-facts.ts'
import { anchor, code, escaped, table } from './markdown.ts'
import { fileName } from './output-schemas.ts'

export function jsonTable(): string {
  const rows = SHOWN.map((command) => {
    const { name, json } = command
    const link = `[${code(name)}](commands.md#${anchor(`quorate ${name}`)})`
    const file = `${fileName(name)}.schema.json`
    return [
      link,
      escaped(jsonKind(command)),
      json === 'none' ? '' : `[${code(file)}](../../schema/output/${file})`,
    ]
  })
  return table(['command', 'output with --json', 'schema'], rows)
}
