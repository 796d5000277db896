/**
 * The only way to print JSON: the output has the type that its schema is generated from, and contains the format
 * version.
 */
import { FORMAT_VERSION } from '../../engine/event-json.ts'
import type { CliContext } from '../context.ts'
import type { ErrorJson } from './error-json.ts'
import type { Lines } from './lines.ts'
import type { Values } from './values.ts'

type Printer = Pick<CliContext, 'out'>

/** One value, at the end of the command. A list has no field for the format version. */
export function printValue<Name extends keyof Values>(
  context: Printer,
  command: Name,
  value: Values[Name],
): void {
  context.out(valueText(command, value))
}

/** For a file of the same content. */
export function valueText<Name extends keyof Values>(_command: Name, value: Values[Name]): string {
  return `${JSON.stringify(versioned(value), undefined, 2)}\n`
}

/** One line of a command that also prints events. */
export function printLine<Name extends keyof Lines>(
  context: Printer,
  _command: Name,
  line: Lines[Name],
): void {
  context.out(`${JSON.stringify(versioned(line))}\n`)
}

export function printErrorJson(context: Printer, error: ErrorJson): void {
  context.out(`${JSON.stringify(versioned({ error }))}\n`)
}

function versioned(value: object): unknown {
  return Array.isArray(value) ? value : { formatVersion: FORMAT_VERSION, ...value }
}
