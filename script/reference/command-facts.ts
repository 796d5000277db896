/** Facts about commands for pages and manual pages, from the catalog. */
import { EFFECTS } from '../../src/cli/catalog/effects.ts'
import type { CommandDefinition } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { ERROR_GUIDE, type ReportedCode, exitCodeOf } from '../../src/cli/explain/error-guide.ts'
import { EXITS } from './exits.ts'

/** Without those for programs. */
export const SHOWN: readonly CommandDefinition[] = COMMANDS.filter(({ hidden }) => hidden !== true)

/** Codes of every command. */
export const ALWAYS: readonly ReportedCode[] = ['usage', 'bug', 'runtime', 'cancelled']

export function usage({ name, options = [], arguments: args = [], rest }: CommandDefinition): string {
  const words = [
    'quorate',
    name,
    ...(options.length > 0 ? ['[options]'] : []),
    ...args.map(({ syntax }) => syntax),
    ...(rest === undefined ? [] : ['--', rest.syntax]),
  ]
  return words.join(' ')
}

export interface ExitRow {
  readonly exitCode: number
  readonly names: readonly ReportedCode[]
  readonly meaning: string
}

/** Ascending; a command's own meaning of a code comes first. */
export function exitRows({ name }: CommandDefinition): readonly ExitRow[] {
  const exits = EXITS[name]
  if (exits === undefined) throw new TypeError(`script/reference/exits.ts has no ${name}`)
  const codes = [...new Set([...ALWAYS, ...exits.errors])]
  const own = Object.keys(exits.own ?? {}).map(Number)
  const all = [...new Set([...codes.map(exitCodeOf), ...own])].toSorted((one, other) => one - other)
  const rows = all.map((exitCode): ExitRow => {
    const names = codes.filter((code) => exitCodeOf(code) === exitCode)
    const special = exits.own?.[exitCode]
    const meanings = names.map((code) => ERROR_GUIDE[code].meaning)
    return { exitCode, names, meaning: [...(special === undefined ? [] : [special]), ...meanings].join(' ') }
  })
  return [{ exitCode: 0, names: [], meaning: 'Success.' }, ...rows]
}

/** What the command changes, as one sentence; undefined: it writes only the files that its arguments name. */
export function effect({ name }: CommandDefinition): string | undefined {
  switch (EFFECTS[name]) {
    case 'nothing':
      return 'Changes nothing on the nodes.'
    case 'recorded':
      return 'Changes are recorded in `operations/` of the state directory.'
    default:
      return undefined
  }
}

/** What `--json` prints. */
export function jsonKind({ json }: CommandDefinition): string {
  if (typeof json === 'object') return `One value; ${json.eventsIf}, one event a line.`
  switch (json) {
    case 'value':
      return 'One value.'
    case 'events':
      return 'One event a line.'
    case 'none':
      return 'None: the output is the text of another program, or a script.'
  }
}
