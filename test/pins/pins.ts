/**
 * Sentences of quorate that tests repeat. A literal of a test that has three or more words in a row which a text of the sources
 * has as well breaks when that text is reworded. Identity is an ID: see CONTRIBUTING.md.
 */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync } from 'oxc-parser'
import { SOURCES, sourceTexts } from '../prose/texts.ts'

/**
 * With the helpers of those that take minutes: what a reworded message breaks there is found last. `typed.ts` and `not-typed.ts`
 * list commands. The model of the simulation speaks for itself: no test compares its words with quorate's.
 */
const WATCHED: readonly string[] = globSync(
  ['src/**/*.test.ts', 'test/*.test.ts', 'test/sim/**/*.test.ts', 'test/{lab,kubernetes}/**/*.ts'],
  { cwd: path.resolve(import.meta.dirname, '../..') },
)
  .filter((file) => !/\/(?:not-)?typed\.ts$/.test(file))
  .toSorted()

export interface Pin {
  /** From the checkout's root. */
  readonly file: string
  readonly line: number
  /** The words that are repeated. */
  readonly words: string
}

/** Words in a row that are a sentence, and not a name, a number or a command. */
const LEAST = 3

/** Every run of so many words that a text of the sources has. Comments are not messages. */
function spokenRuns(): ReadonlySet<string> {
  const texts = SOURCES.flatMap((file) => sourceTexts(file)).filter(({ kind }) => kind !== 'comment')
  return new Set(texts.flatMap(({ text }) => runsOf(text)))
}

/** @param source of a test; `spoken` runs of the sources. @returns at most one for each literal */
export function pinsIn(file: string, source: string, spoken: ReadonlySet<string>): readonly Pin[] {
  const found: Pin[] = []
  walk(parseSync(file, source).program, (at, text) => {
    const words = runsOf(text).find((run) => spoken.has(run))
    if (words !== undefined) found.push({ file, line: source.slice(0, at).split('\n').length, words })
  })
  return found
}

export function allPins(): readonly Pin[] {
  const spoken = spokenRuns()
  return WATCHED.flatMap((file) => pinsIn(file, readFileSync(file, 'utf8'), spoken))
}

/** Texts and patterns of a syntax tree, but for titles, and what a test throws itself. */
function walk(node: unknown, add: (at: number, text: string) => void): void {
  if (Array.isArray(node)) for (const one of node) walk(one, add)
  if (!isSyntax(node) || node.type === 'ImportDeclaration' || isThrown(node) || isOwnFailure(node)) return
  if (node.type === 'Literal') {
    const { value, regex } = node as {
      readonly value?: unknown
      readonly regex?: { readonly pattern: string }
    }
    if (typeof value === 'string') add(node.start, value)
    if (regex !== undefined) add(node.start, patternText(regex.pattern))
  }
  if (node.type === 'TemplateLiteral') {
    const quasis = node['quasis'] as readonly { readonly value: { readonly cooked: string | null } }[]
    add(node.start, quasis.map(({ value }) => value.cooked ?? '').join('{}'))
  }
  for (const [key, value] of Object.entries(node)) {
    if (key === 'arguments' && isTable(node)) walk((value as readonly unknown[]).map(withoutTitles), add)
    else if (key === 'arguments' && isTitled(node)) walk((value as readonly unknown[]).slice(1), add)
    else if (isCaseTitle(node)) continue
    else walk(value, add)
  }
}

/** `{ what: 'a disk is full', … }` of a case that `test.each` runs as `$what`. */
function isCaseTitle(node: Syntax): boolean {
  const key = node['key'] as { readonly name?: string } | undefined
  return node.type === 'Property' && key?.name === 'what'
}

/** `test.each(…)`, `test.for(…)`, and the like. */
function isTable(node: Syntax): boolean {
  const { property } = (node['callee'] ?? {}) as { readonly property?: { readonly name?: string } }
  return ['each', 'for'].includes(property?.name ?? '')
}

/** A table whose rows lack their first text, which is their title. */
function withoutTitles(table: unknown): unknown {
  let rows = table
  // Behind `as const` and `satisfies`.
  while (isSyntax(rows) && rows['expression'] !== undefined) rows = rows['expression']
  if (!isSyntax(rows) || rows.type !== 'ArrayExpression') return table
  return (rows['elements'] as readonly unknown[]).map((row) => {
    if (!isSyntax(row) || row.type !== 'ArrayExpression') return row
    const [first, ...others] = row['elements'] as readonly unknown[]
    return isSyntax(first) && ['Literal', 'TemplateLiteral'].includes(first.type)
      ? others
      : [first, ...others]
  })
}

/** `new Error(…)`, `new TypeError(…)`. */
function isThrown(node: Syntax): boolean {
  const callee = node['callee'] as { readonly name?: string } | undefined
  return node.type === 'NewExpression' && callee?.name?.endsWith('Error') === true
}

/** `expect.fail('what the test says')`. */
function isOwnFailure(node: Syntax): boolean {
  const { object, property } = (node['callee'] ?? {}) as {
    readonly object?: { readonly name?: string }
    readonly property?: { readonly name?: string }
  }
  return node.type === 'CallExpression' && object?.name === 'expect' && property?.name === 'fail'
}

/** `test('title', …)`, `describe.skipIf(…)('title', …)`, `test.each(…)('title', …)`. */
function isTitled(node: Syntax): boolean {
  let callee: unknown = node['callee']
  while (isSyntax(callee) && callee.type !== 'Identifier') callee = callee['object'] ?? callee['callee']
  return isSyntax(callee) && ['test', 'describe', 'it'].includes(String(callee['name']))
}

/** What a pattern says word for word: its groups, classes and quantifiers end a run. */
function patternText(pattern: string): string {
  return pattern.replaceAll(/\\s[+*]?/g, ' ').replaceAll(/\\[a-z]| [+*?]/gi, '|')
}

/** What follows one of them is a command: an operator types it, and it is an interface. */
const PROGRAMS =
  /\b(?:age-keygen|apt-get|apt-mark|chmod|ctr|etcdctl|ip|journalctl|kubectl|mount|mv|npm|openssl|quorate|sed|systemctl|useradd|usermod)\b.*/

/**
 * Words that other programs define, and that quorate doesn't reword: the kernel's (ENOSPC and others), those of a cloud image's forced
 * command, HAProxy's configuration, a panic of etcd's raft, what a kubelet says while it waits, PEM's labels of keys.
 */
const NOT_OURS =
  /no route to host|no space left on device|read-only file system|please login as the user|verify required ca-file|is out of range(?= \[lastindex\()|was the raft log corrupted, truncated, or lost|network is not ready: container runtime network not ready|(?:begin|end) (?:(?:ec|encrypted|openssh|rsa) )?private key/g

export function runsOf(text: string): readonly string[] {
  return (
    text
      .toLowerCase()
      .replaceAll(NOT_OURS, '|')
      // A name of a command line, whose digit and dot don't end the command.
      .replaceAll('k8s.io', 'io')
      .replaceAll('’', "'")
      .split(/[^a-z' -]+/)
      .flatMap((part) => {
        const words = part
          .replace(PROGRAMS, '')
          .split(/ +/)
          .filter((word) => /[a-z]/.test(word))
        return words.slice(LEAST - 1).map((_, index) => words.slice(index, index + LEAST).join(' '))
      })
  )
}

interface Syntax {
  readonly type: string
  readonly start: number
  readonly [key: string]: unknown
}

function isSyntax(node: unknown): node is Syntax {
  return typeof node === 'object' && node !== null && 'type' in node
}
