/** A command as data: what `--help` and completion show, and where its handler is loaded from. */
import { QuorateError } from '../errors.ts'
import type { CliContext } from './context.ts'

export interface CommandDefinition {
  /** Words after `quorate`: `apply`, `certs list`. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Paragraphs for the command's own help. */
  readonly description?: string | undefined
  /** In the syntax of commander: `<selector>`, `[node]`, `[words...]`. */
  readonly arguments?: readonly ArgumentDefinition[] | undefined
  /** In the syntax of commander: `--out <file>`. Without the options of all commands (`-f`, `--json` …). */
  readonly options?:
    | readonly {
        readonly flags: string
        readonly description: string
        readonly choices?: readonly string[] | undefined
        /** The kind of its value; checked before the command starts. */
        readonly value?: ValueKind | undefined
        /** An older name, `--drill`, which still works and which help does not show. */
        readonly formerly?: string | undefined
      }[]
    | undefined
  readonly examples?: readonly string[] | undefined
  /** What `--json` prints: one value, or one event a line; `none` if the output is another program's. */
  readonly json: 'value' | 'events' | 'none' | { readonly eventsIf: string }
  /** When the operator must type the cluster name, which `--yes` does not answer; `--confirm NAME` does. */
  readonly asksForName?: string | undefined
  /** An older name, which still works and which help does not show. */
  readonly formerly?: string | undefined
  /** For programs, or an older name: not shown in help. */
  readonly hidden?: boolean | undefined
  /** Arguments after `--`, which are never read as options: `quorate run etcd -- ls -la`. */
  readonly rest?: { readonly syntax: string; readonly description: string } | undefined
  /** The heading in `quorate --help`. */
  readonly group: CommandGroup
  readonly load: () => Promise<{ readonly default: CommandHandler }>
}

export interface ArgumentDefinition {
  readonly syntax: string
  readonly description: string
  /** The kind of its value; checked before the command starts. */
  readonly value?: ValueKind | undefined
  /** What completion offers for it. */
  readonly values?: 'nodes' | 'etcd-nodes' | 'selectors' | 'topics' | 'files' | readonly string[] | undefined
}

/** The kinds of values, each with its rule in value-checks.ts. `own`: the command checks it itself. */
export type ValueKind =
  | 'own'
  | 'key'
  | 'count'
  | 'port'
  | 'version'
  | 'suite'
  | 'name'
  | 'common-name'
  | 'address'
  | 'node-address'
  | 'host'
  | 'destination'
  | 'user'
  | 'jump'
  | 'url'
  | 'recipient'
  | 'calendar'
  | 'member-id'
  | 'path'
  | 'node-path'
  | 'input-file'

export type CommandGroup =
  | 'The cluster file'
  | 'Nodes'
  | 'The cluster'
  | 'Upkeep'
  | 'Backup and recovery'
  | 'Certificates'
  | 'More'

/** @returns the exit code. Throws `QuorateError` for everything that an operator can fix. */
export type CommandHandler = (context: CliContext, input: CommandInput) => Promise<number>

export interface CommandInput {
  /** Arguments in their order; a variadic one is the rest. */
  readonly args: readonly string[]
  /** Arguments after `--`. */
  readonly rest: readonly string[]
  /** By camelCase name, as commander has them. */
  readonly options: Readonly<Record<string, unknown>>
}

/** The value of an option, if it was given. */
export function textOption(input: CommandInput, name: string): string | undefined {
  const value = input.options[name]
  return typeof value === 'string' ? value : undefined
}

/** The values of an option that may be given more than once; empty: it was not given. */
export function textList(input: CommandInput, name: string): readonly string[] {
  const value = input.options[name]
  return Array.isArray(value) ? value.map(String) : []
}

export function flagOption(input: CommandInput, name: string): boolean {
  return input.options[name] === true
}

/** @throws QuorateError `usage` for anything but a positive integer. */
export function countOption(input: CommandInput, name: string, flag: string): number | undefined {
  const text = textOption(input, name)
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new QuorateError('usage', `${flag}: "${text}" is not a positive integer of at most six digits`)
}
