/**
 * Every command in a hint or message of the sources exists: its words and options are in the catalog, and no required
 * argument is missing. Tests next to the sources cover when a hint is given.
 */
import { globSync, readFileSync } from 'node:fs'
import { parseSync } from 'oxc-parser'
import { expect, test } from 'vitest'
import { COMMANDS } from '../src/cli/commands.ts'
import { SHARED_OPTIONS } from '../src/cli/shared-options.ts'

/** Placeholder for a value. */
const FILLED = 'FILLED'

interface Text {
  readonly file: string
  readonly line: number
  readonly text: string
}

/** String and template literals, each as a whole; values in templates are `FILLED`. */
function textsOf(file: string): readonly Text[] {
  const source = readFileSync(file, 'utf8')
  const { program } = parseSync(file, source)
  const found: Text[] = []
  const add = (at: number, text: string) => {
    found.push({ file, line: source.slice(0, at).split('\n').length, text })
  }
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const one of node) walk(one)
      return
    }
    if (typeof node !== 'object' || node === null) return
    const { type, start = 0 } = node as { readonly type?: string; readonly start?: number }
    if (type === 'Literal') {
      const { value } = node as { readonly value?: unknown }
      if (typeof value === 'string') add(start, value)
      return
    }
    if (type === 'TemplateLiteral') {
      const { quasis } = node as unknown as {
        readonly quasis: readonly { readonly value: { readonly cooked: string | null } }[]
      }
      add(start, quasis.map(({ value }) => value.cooked ?? '').join(FILLED))
    }
    for (const value of Object.values(node)) walk(value)
  }
  walk(program)
  return found
}

interface Named extends Text {
  /** The words after `quorate`, up to the end of the command as far as the text shows it. */
  readonly words: readonly string[]
}

/** `quorate certs renew, then …` is two words. A command ends with punctuation, or where the sentence continues. */
function commandsIn(text: Text): readonly Named[] {
  return [...text.text.matchAll(/(?<![\w./@-])quorate ((?:[^\s'"`()]+ ?)+)/g)].flatMap(([, rest = '']) => {
    const words: string[] = []
    for (const word of rest.trim().split(' ')) {
      const bare = word.replace(/[.,;:]+$/, '')
      if (bare !== '') words.push(bare)
      if (bare !== word) break
    }
    return words.length === 0 ? [] : [{ ...text, words }]
  })
}

const names = COMMANDS.map(({ name }) => name)
const firstWords = new Set(names.map((name) => name.split(' ')[0] ?? ''))
const groups = new Set(names.filter((name) => name.includes(' ')).map((name) => name.split(' ')[0] ?? ''))

/** In `quorate takes a private key`, quorate is the subject of a sentence. A command consists of its words. */
function isCommand({ words: [first = ''] }: Named): boolean {
  return firstWords.has(first)
}

/** What is wrong with it; undefined: nothing that the text shows. */
function complaint({ words }: Named): string | undefined {
  const two = words.slice(0, 2).join(' ')
  const name = names.includes(two) ? two : (words[0] ?? '')
  const definition = COMMANDS.find((command) => command.name === name)
  if (definition === undefined) {
    // `quorate member add …` must have its second word, except in a heading for several.
    return groups.has(name) && words.length === 1 ? undefined : `no command: ${two}`
  }
  const rest = words.slice(name.split(' ').length)
  const flags = [...(definition.options ?? []), ...SHARED_OPTIONS].flatMap(({ flags: own }) =>
    own.split(/[ ,|]+/).filter((part) => part.startsWith('-')),
  )
  flags.push('-h', '--help')
  const piped = rest.indexOf('|')
  const whole = piped === -1 ? rest : rest.slice(0, piped)
  const end = whole.indexOf('--')
  const own = end === -1 ? whole : whole.slice(0, end)
  if (end !== -1 && definition.rest === undefined) return `${name} takes nothing after --`
  const unknown = own.find(
    (word) => /^--?[a-z]/.test(word) && !flags.includes(word.replace(/(?:=|FILLED).*$/, '')),
  )
  if (unknown !== undefined) return `${name} has no option ${unknown}`
  const needed = (definition.arguments ?? []).filter(({ syntax }) => syntax.startsWith('<'))
  const asked = needed.length > 0 && !own.includes('--help')
  return asked && own.length === 0 && end === -1 ? `${name} needs ${needed[0]?.syntax}` : undefined
}

/** Texts that mention a command without giving advice: `stopped with quorate stop`. */
const MENTIONED: ReadonlySet<string> = new Set([
  'src/transfer/leases.ts: import',
  'src/spec/init.ts: run',
  'src/spec/schema.ts: certs import',
  'src/spec/schema.ts: run',
  'src/tiers/etcd/plan/kept.ts: stop',
  'src/cli/catalog/cluster.ts: stop',
  'src/cli/catalog/cluster.ts: member remove',
  'src/cli/catalog/transfer.ts: import',
])

const sources = globSync('src/**/*.ts').filter((file) => !/\.(?:test|fixture)\.ts$|\/testing\.ts$/.test(file))
const named = sources.flatMap(textsOf).flatMap(commandsIn).filter(isCommand)

test('every command that a text names is one of the catalog, with options and arguments that it has', () => {
  const wrong = named.flatMap((one) => {
    const why = MENTIONED.has(`${one.file}: ${one.words.join(' ')}`) ? undefined : complaint(one)
    return why === undefined ? [] : [`${one.file}:${one.line}: quorate ${one.words.join(' ')}: ${why}`]
  })
  expect(wrong).toEqual([])
  // A minimum, so that texts in another form don't go unnoticed.
  expect(named.length).toBeGreaterThan(150)
})

test.for([
  ['quorate certs renwe', 'no command'],
  ['quorate certs renew --finish', 'no option --finish'],
  ['quorate member remove, then', 'needs <'],
  ['go on: quorate apply -- ls', 'takes nothing after --'],
] as const)('%s is found out', ([text, why]) => {
  const [found] = commandsIn({ file: 'x', line: 1, text })
  expect(found === undefined ? 'nothing' : complaint(found)).toContain(why)
})
