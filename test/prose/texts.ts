/** The texts for people: sentences of pages, of the catalog of commands, and of the sources. */
import { globSync, readFileSync } from 'node:fs'
import { parseSync } from 'oxc-parser'
import { COMMANDS } from '../../src/cli/commands.ts'
import { SHARED_OPTIONS } from '../../src/cli/shared-options.ts'

/** `words`: any text in the sources that reads like one, as its place doesn't show what it is. */
export type Kind = 'page' | 'summary' | 'option' | 'help' | 'message' | 'hint' | 'words' | 'comment'

export interface Text {
  readonly file: string
  readonly line: number
  readonly kind: Kind
  /** Values that are filled in are `{}`, code is `CODE`. */
  readonly text: string
}

/** Made of texts that are read where they come from. */
const COPIES = /reference\/messages\.md$/

export const PAGES: readonly string[] = globSync(['*.md', 'docs/**/*.md'], {
  exclude: (name) => /node_modules|\.vitepress/.test(name),
})
  .filter((name) => !COPIES.test(name))
  .toSorted()

/** Blocks of a page: a paragraph, a list item, a heading, a cell of a table. No code, no addresses of links. */
export function pageTexts(file: string): readonly Text[] {
  const lines = readFileSync(file, 'utf8')
    .replace(/^---\n.*?\n---\n/s, blank)
    .replaceAll(/^ *```.*?^ *```/gms, blank)
    .replaceAll(/<!--.*?-->/gs, blank)
    .replaceAll(/`[^`]+`/g, (code) => code.replaceAll(/[^\n]+/g, 'CODE'))
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/<[^>]+>|https?:\S+|\*\*/g, '')
    .split('\n')
  const found: Text[] = []
  let block: { line: number; text: string } | undefined
  const end = (): void => {
    if (block !== undefined) found.push({ file, kind: 'page', ...block })
    block = undefined
  }
  for (const [index, line] of lines.entries()) {
    const text = line.replace(/^[\s>]*(?:#+ |[-*] |\d+\. )?/, '').trim()
    const isCode = block === undefined && line.startsWith('    ')
    if (text === '' || isCode || /^[|:\s-]+$/.test(text)) end()
    else if (text.startsWith('|')) {
      end()
      for (const cell of text.split(/(?<!\\)\|/).map((part) => part.trim()))
        if (cell !== '') found.push({ file, kind: 'page', line: index + 1, text: cell })
    } else {
      if (/^[\s>]*(?:#+ |[-*] |\d+\. )/.test(line)) end()
      block = { line: block?.line ?? index + 1, text: block === undefined ? text : `${block.text} ${text}` }
      if (line.startsWith('#')) end()
    }
  }
  end()
  return found
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, '')
}

/** Its file is the catalog as a whole: lists of options are shared. */
function help(kind: Kind, text: string): Text {
  return { file: 'src/cli/catalog', line: 0, kind, text }
}

/** Whatever `--help` shows. */
export function helpTexts(): readonly Text[] {
  const shared = SHARED_OPTIONS.map(({ description }) => help('option', description))
  const own = COMMANDS.filter(({ hidden }) => hidden !== true).flatMap((command) => [
    help('summary', command.summary),
    ...(command.description?.split('\n\n') ?? []).map((text) => help('help', text)),
    ...[...(command.options ?? []), ...(command.arguments ?? [])].map(({ description }) =>
      help('option', description),
    ),
  ])
  return [...shared, ...own]
}

/** Under these names stand texts for people. */
const KINDS: Readonly<Record<string, Kind>> = {
  hint: 'hint',
  remedy: 'hint',
  fix: 'hint',
  message: 'message',
}

/** Tests, generated code, and what is read as it is shown: the catalog, and the guides to errors and alarms. */
const NOT_READ =
  /\.(?:test|fixture)\.ts$|\/testing\.ts$|\/gen\/|src\/cli\/catalog\/|src\/cli\/explain\/(?:alarms|error-guide)\.ts$/
export const SOURCES: readonly string[] = globSync('src/**/*.ts')
  .filter((file) => !NOT_READ.test(file))
  .toSorted()

interface Syntax {
  readonly type: string
  readonly start: number
  readonly [key: string]: unknown
}

/** Literals that read like a text. */
export function sourceTexts(file: string): readonly Text[] {
  const source = readFileSync(file, 'utf8')
  const { program } = parseSync(file, source)
  const found: Text[] = []
  const add = (at: number, kind: Kind, text: string): void => {
    const line = source.slice(0, at).split('\n').length
    if (kind !== 'words' || /[a-z]{2,} [a-z]+ [a-z]{2,}/i.test(text)) found.push({ file, line, kind, text })
  }
  const walk = (node: unknown, kind: Kind): void => {
    if (Array.isArray(node)) {
      for (const one of node) walk(one, kind)
      return
    }
    if (!isSyntax(node)) return
    if (node.type === 'ImportDeclaration') return
    if (node.type === 'Literal') {
      if (typeof node['value'] === 'string') add(node.start, kind, node['value'])
      return
    }
    if (node.type === 'TemplateLiteral') {
      const quasis = node['quasis'] as readonly { readonly value: { readonly cooked: string | null } }[]
      add(node.start, kind, quasis.map(({ value }) => value.cooked ?? '').join('{}'))
      walk(node['expressions'], 'words')
      return
    }
    if (isError(node)) {
      const [, second, third, ...rest] = node['arguments'] as readonly unknown[]
      const isFrom = node.type === 'CallExpression'
      walk(isFrom ? third : second, 'message')
      walk(isFrom ? rest : [third, ...rest], 'words')
      return
    }
    if (node.type === 'Property') {
      const { name } = node['key'] as { readonly name?: string }
      walk(node['value'], KINDS[name ?? ''] ?? 'words')
      return
    }
    const isCondition = node.type === 'ConditionalExpression' || node.type === 'LogicalExpression'
    for (const [key, value] of Object.entries(node))
      walk(value, isCondition && key !== 'test' ? kind : 'words')
  }
  walk(program, 'words')
  return found
}

/** Sources, tests and scripts; not generated code. */
export const COMMENTED: readonly string[] = globSync('{src,test,script}/**/*.ts')
  .filter((file) => !file.includes('/gen/'))
  .toSorted()

/** Paragraphs of comments, without the names of parameters and the code of examples. */
export function commentTexts(file: string): readonly Text[] {
  const source = readFileSync(file, 'utf8')
  return parseSync(file, source).comments.flatMap(({ start, value }) => {
    const line = source.slice(0, start).split('\n').length
    const text = value
      .replaceAll(/^\s*\* ?/gm, '')
      .replaceAll(/^@example\n(?:(?!@).*(?:\n|$))*/gm, '')
      .replaceAll(/@param [\w.]+/g, '@param')
      .replaceAll(/`[^`]*`/g, 'CODE')
    return text
      .split(/\n\s*\n/)
      .map((part): Text => ({ file, line, kind: 'comment', text: part.replaceAll(/\s+/g, ' ').trim() }))
  })
}

function isSyntax(node: unknown): node is Syntax {
  return typeof node === 'object' && node !== null && 'type' in node
}

/** `new QuorateError(code, message, …)`, or `QuorateError.from(thrown, code, message, …)`. */
function isError(node: Syntax): boolean {
  const callee = node['callee'] as
    | { readonly name?: string; readonly object?: { readonly name?: string } }
    | undefined
  if (node.type === 'NewExpression') return callee?.name === 'QuorateError'
  return node.type === 'CallExpression' && callee?.object?.name === 'QuorateError'
}
