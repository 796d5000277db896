/** Finds what YAML allows but a cluster file does not: duplicate keys, excessive aliases, tags, extreme nesting. */
import { isAlias, isPair, isScalar, visit } from 'yaml'
import type { Document, Node } from 'yaml'
import type { Complaint } from './problem.ts'

/** Lines and columns count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

type Found = Complaint & Position
type At = (offset: number) => Position

export const MOST_ALIASES = 100

/** A cluster file needs six levels, each a pair and its map. */
const MOST_LEVELS = 100

/** This many faults of a kind are enough to see that it is not a cluster file. */
const MOST_FAULTS = 1000

export const TOO_DEEP: Complaint = {
  message: 'nested too deeply for a cluster file',
  hint: 'check the path: this may not be a cluster file',
}

/** JSON's types. Values of other types (bytes, dates, symbols) would be unexpected in all later checks. */
const PLAIN_TAGS: ReadonlySet<string> = new Set(
  ['null', 'bool', 'int', 'float', 'str', 'seq', 'map'].map((name) => `tag:yaml.org,2002:${name}`),
)

/** In the file's order. A kind of fault that would hide others is reported by itself. */
export function documentFaults(document: Document.Parsed, at: At): readonly Found[] {
  const deep = tooDeep(document, at)
  if (deep !== undefined) return [deep]
  return [...duplicateKeys(document, at), ...unknownTags(document, at), ...unfitAliases(document, at)]
}

function tooDeep(document: Document.Parsed, at: At): Found | undefined {
  let found: Found | undefined
  visit(document, {
    Node(_, node, ancestors) {
      if (ancestors.length <= MOST_LEVELS) return undefined
      found = { ...TOO_DEEP, ...at(node.range?.[0] ?? 0) }
      return visit.BREAK
    },
  })
  return found
}

function duplicateKeys(document: Document.Parsed, at: At): Found[] {
  const found: Found[] = []
  visit(document, {
    Map(_, map) {
      const first = new Map<string, number>()
      for (const { key } of map.items) {
        const name = keyName(key)
        const offset = offsetOf(key)
        const earlier = first.get(name)
        if (earlier === undefined) first.set(name, offset)
        else {
          const message = `the key ${name} appears twice (first on line ${at(earlier).line}): one of the two would be lost`
          found.push({ message, hint: 'keep one', ...at(offset) })
        }
      }
      return found.length < MOST_FAULTS ? undefined : visit.BREAK
    },
  })
  return found
}

function unknownTags(document: Document.Parsed, at: At): Found[] {
  const found: Found[] = []
  visit(document, {
    Node(_, node) {
      if (isAlias(node) || node.tag === undefined || PLAIN_TAGS.has(node.tag) || node.tag === '!')
        return undefined
      const tag = node.tag.replace(/^tag:yaml\.org,2002:/, '!!')
      const message = `the tag ${tag} means nothing in a cluster file`
      found.push({ message, hint: 'remove it', ...at(node.range?.[0] ?? 0) })
      return found.length < MOST_FAULTS ? undefined : visit.BREAK
    },
  })
  return found
}

function unfitAliases(document: Document.Parsed, at: At): Found[] {
  const found: Found[] = []
  let count = 0
  visit(document, {
    Alias(_, alias, ancestors) {
      count++
      const place = at(alias.range?.[0] ?? 0)
      if (count > MOST_ALIASES) {
        found.push({
          message: `more than ${MOST_ALIASES} aliases (*name)`,
          hint: 'write the values out',
          ...place,
        })
        return visit.BREAK
      }
      const target = alias.resolve(document)
      if (target === undefined) {
        const message = `the alias *${alias.source} has no anchor &${alias.source} before it`
        found.push({ message, hint: 'put a text that begins with * in quotes', ...place })
      } else if (ancestors.includes(target)) {
        found.push({
          message: `the alias *${alias.source} contains itself`,
          hint: 'write the value out',
          ...place,
        })
      }
      return undefined
    },
  })
  return found
}

/** The text of a key in the data. */
export function keyName(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key)
}

/** The offset at which a node starts; -1: it has none. */
export function offsetOf(node: unknown): number {
  if (isPair(node)) return offsetOf(node.key)
  return (node as Node | null)?.range?.[0] ?? -1
}
