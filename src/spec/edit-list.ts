/** Removes entries from lists in a YAML text, and adds entries; all other bytes stay, comments included. */
import {
  type Node,
  type YAMLSeq,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  stringify,
  visit,
} from 'yaml'
import type { Path } from './document.ts'

/** A list in the text that can be edited. */
export interface List {
  readonly items: readonly unknown[]
  /** The text without the entry at this index. Comments above it stay; one on its last line is removed. */
  without(index: number): string
  /** The text with a further entry at the end: keys with their values, or a single value. */
  with(entry: string | Readonly<Record<string, unknown>>): string
}

/** undefined: there is no list, or only an alias of one elsewhere. */
export function listAt(text: string, path: Path): List | undefined {
  // Removes the byte order mark that some editors write, because the parser would take it for content; it is put back
  // later.
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : ''
  const body = text.slice(mark.length)
  const document = parseDocument(body, { keepSourceTokens: true, uniqueKeys: false, logLevel: 'error' })
  const seq: unknown = document.getIn(path, true)
  if (!isSeq(seq) || seq.items.length === 0 || !seq.items.every(isNode)) return undefined
  const list = seq as YAMLSeq<Node>
  const data = document.toJS({ maxAliasCount: 100 }) as unknown
  const items = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)[key], data)
  const [remove, add] = list.flow === true ? [removeInline, addInline] : [removeLines, addLines]
  return {
    items: items as readonly unknown[],
    without: (index) => mark + remove(body, list, index),
    with: (entry) => mark + add(body, list, entry),
  }
}

/** The keys of a top-level map; empty if it isn't a map. */
export function keysAt(text: string, key: string): readonly string[] {
  const map: unknown = parseDocument(text.replace(/^\uFEFF/, ''), {
    uniqueKeys: false,
    logLevel: 'error',
  }).get(key)
  return isMap(map)
    ? map.items.map((pair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key)))
    : []
}

/** `[a, b, c]` */
function removeInline(text: string, { items }: YAMLSeq<Node>, index: number): string {
  const [own, before, after] = [items[index], items[index - 1], items[index + 1]]
  const [from, to] =
    after !== undefined ? [startOf(own), startOf(after)] : [before ? endOf(before) : startOf(own), endOf(own)]
  return text.slice(0, from) + text.slice(to)
}

function addInline(text: string, { items }: YAMLSeq<Node>, entry: Parameters<List['with']>[0]): string {
  const last = items.at(-1)
  const end = endOf(last)
  const lead = text.slice(lineStart(text, startOf(last)), startOf(last))
  // If the list has one entry per line, so does the new one.
  const gap = /^\s+$/.test(lead) ? `${lineEnd(text)}${lead}` : ' '
  return `${text.slice(0, end)},${gap}${inline(entry)}${text.slice(end)}`
}

/** Entries that start with `- ` on their own line. */
function removeLines(text: string, seq: YAMLSeq<Node>, index: number): string {
  const end = text.indexOf('\n', endOf(seq.items[index]))
  const rest = end === -1 ? '' : text.slice(end + 1)
  return text.slice(0, lineStart(text, dashOf(seq, index))) + rest
}

function addLines(text: string, seq: YAMLSeq<Node>, entry: Parameters<List['with']>[0]): string {
  const index = seq.items.length - 1
  const last = seq.items[index]
  const newline = text.indexOf('\n', endOf(last))
  const end = newline === -1 ? text.length : text[newline - 1] === '\r' ? newline - 1 : newline
  const dash = dashOf(seq, index)
  const indent = text.slice(lineStart(text, dash), dash)
  const inLines = isCollection(last) && last.flow !== true && typeof entry !== 'string'
  const keys = Object.entries(inLines ? entry : {}).map(([key, value]) => `${key}: ${inline(value)}`)
  const lines = inLines ? keys.join(`${lineEnd(text)}${indent}  `) : inline(entry)
  return `${text.slice(0, end)}${lineEnd(text)}${indent}- ${lines}${text.slice(end)}`
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${key}: ${inline(inner)}`)
      .join(', ')} }`
  }
  // Formatted as part of a list, where more texts need quotes than elsewhere.
  return stringify([value], { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 })
    .trim()
    .slice(1, -1)
}

function startOf(node: Node | undefined): number {
  return node?.range?.[0] ?? 0
}

/** After its last character: for a block, the library's range includes what follows. */
function endOf(node: Node | undefined): number {
  let end = 0
  const count = (_key: unknown, { range }: Node) => {
    end = Math.max(end, range?.[1] ?? 0)
  }
  if (node === undefined) return 0
  if (isScalar(node) || (isCollection(node) && node.flow === true)) return node.range?.[1] ?? 0
  visit(node, {
    Scalar: count,
    Alias: count,
    Collection: (key, inner) => void (inner.flow === true && count(key, inner)),
  })
  return end
}

function dashOf({ srcToken }: YAMLSeq<Node>, index: number): number {
  const items = srcToken?.type === 'block-seq' ? srcToken.items : []
  const dashes = items.flatMap(({ start }) => start.filter(({ type }) => type === 'seq-item-ind'))
  return dashes[index]?.offset ?? 0
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1
}

function lineEnd(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n'
}
