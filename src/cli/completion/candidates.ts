/** Completes the word at the cursor: only from the catalog, without loading any command. */
import { COMMAND_GROUPS } from '../catalog/groups.ts'
import type { ArgumentDefinition, CommandDefinition } from '../command.ts'
import { sharedOptions } from '../shared-options.ts'

export type Candidate =
  | { readonly value: string; readonly description: string }
  /** To be looked up: files by the shell, names in the cluster file, topics of `quorate explain`. */
  | { readonly kind: 'files' | 'nodes' | 'etcd-nodes' | 'selectors' | 'topics' }

interface KnownOption {
  readonly names: readonly string[]
  /** Name of its value; undefined: it takes none. */
  readonly value: string | undefined
  readonly description: string
  readonly choices: readonly string[]
}

/** @param words after `quorate`; the last one is being typed, and may be empty. */
export function candidates(
  commands: readonly CommandDefinition[],
  words: readonly string[],
): readonly Candidate[] {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  // After two dashes come another program's arguments.
  if (before.includes('--')) return [{ kind: 'files' }]
  const shown = commands.filter(({ hidden }) => hidden !== true)
  const all = shown.flatMap(ownOptions)
  const asked = optionNamed([...all, ...SHARED], before.at(-1))
  if (asked?.value !== undefined) return valuesOf(asked)
  const positional = withoutOptions(before, [...all, ...SHARED])
  const spoken = positional[0] === 'help' ? positional.slice(1) : positional
  const command = shown.find(({ name }) => name === spoken.slice(0, name.split(' ').length).join(' '))
  if (current.startsWith('-')) {
    const options = [...(command === undefined ? [] : ownOptions(command)), ...SHARED]
    return matching(
      options.map(({ names, description }) => ({ value: names.at(-1) ?? '', description })),
      current,
    )
  }
  if (command === undefined) return matching(nextWords(shown, spoken), current)
  const given = spoken.length - command.name.split(' ').length
  return argumentValues(command.arguments ?? [], given, current)
}

/** The last `-f FILE` before the cursor. */
export function fileOption(words: readonly string[]): string | undefined {
  const at = words.findLastIndex((word, index) => /^(-f|--file)$/.test(word) && index < words.length - 1)
  return at === -1 ? undefined : words[at + 1]
}

function argumentValues(
  definitions: readonly ArgumentDefinition[],
  given: number,
  current: string,
): readonly Candidate[] {
  const last = definitions.at(-1)
  const variadic = last?.syntax.includes('...') === true ? last : undefined
  const values = (definitions[given] ?? variadic)?.values
  if (values === undefined) return []
  if (typeof values === 'string') return [{ kind: values }]
  return matching(
    values.map((value) => ({ value, description: '' })),
    current,
  )
}

/** First words of commands, or second words if the first names a group. */
function nextWords(commands: readonly CommandDefinition[], spoken: readonly string[]) {
  const found = new Map<string, string>()
  for (const { name, summary } of commands) {
    const parts = name.split(' ')
    if (spoken.some((word, index) => parts[index] !== word)) continue
    const word = parts[spoken.length]
    if (word !== undefined)
      found.set(word, parts.length === spoken.length + 1 ? summary : (COMMAND_GROUPS[word]?.summary ?? ''))
  }
  return [...found].map(([value, description]) => ({ value, description }))
}

function matching<T extends { readonly value: string }>(all: readonly T[], start: string): readonly T[] {
  return all.filter(({ value }) => value.startsWith(start))
}

function valuesOf({ value, choices }: KnownOption): readonly Candidate[] {
  if (choices.length > 0) return choices.map((choice) => ({ value: choice, description: '' }))
  return /file|dir|path/.test(value ?? '') ? [{ kind: 'files' }] : []
}

function withoutOptions(words: readonly string[], options: readonly KnownOption[]): readonly string[] {
  return words.filter((word, index) => {
    if (word.startsWith('-')) return false
    return optionNamed(options, words[index - 1])?.value === undefined
  })
}

function optionNamed(options: readonly KnownOption[], word: string | undefined): KnownOption | undefined {
  return options.find(({ names }) => names.includes(word ?? ''))
}

function ownOptions({ options }: CommandDefinition): readonly KnownOption[] {
  return (options ?? []).map(({ flags, description, choices }) => knownOption(flags, description, choices))
}

function knownOption(flags: string, description: string, choices: readonly string[] = []): KnownOption {
  const names = flags.match(/(?<![\w-])--?[a-z][a-z-]*/gi) ?? []
  return { names, value: /[<[](.+)[\]>]/.exec(flags)?.[1], description, choices }
}

const SHARED: readonly KnownOption[] = sharedOptions().map(({ flags, description }) =>
  knownOption(flags, description),
)
