/** YAML text as plain data, with the place of everything in it. */
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, ErrorCode, Node, YAMLParseError } from 'yaml'
import type { Complaint } from './problem.ts'

export type Path = readonly PropertyKey[]

/** Lines and columns count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

export interface YamlDocument {
  /** Undefined where the text is not YAML, or not fit to be read on. */
  readonly data: unknown
  readonly complaints: readonly (Complaint & Position)[]
  /** Where the value at `path` stands, or its key; the nearest thing around it where there is none. */
  locate(path: Path, part?: 'key' | 'value'): Position
  /** The text of a scalar as written, e.g. `3.60` for the number 3.6. */
  sourceOf(path: Path): string | undefined
}

/** Longer than any cluster file; what is longer is another file. */
const MOST_CHARACTERS = 1024 * 1024
const MOST_ALIASES = 100
const TOO_DEEP: Complaint = {
  message: 'nested too deeply for a cluster file',
  hint: 'is it the right file?',
}

export function readYaml(given: string): YamlDocument {
  const text = given.replace(/^\uFEFF/, '')
  if (text.length > MOST_CHARACTERS) {
    const size = (text.length / MOST_CHARACTERS).toFixed(1)
    return broken({
      message: `${size} MiB is too long for a cluster file (at most 1 MiB)`,
      hint: 'is it the right file?',
    })
  }
  const lines = new LineCounter()
  try {
    // Duplicate keys are looked for below: the library's search takes quadratic time, and forgets the first place.
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'error',
    })
    return fromDocument(document, lines, text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return broken(TOO_DEEP)
  }
}

function fromDocument(document: Document.Parsed, lines: LineCounter, text: string): YamlDocument {
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  // The library runs into the engine's limit on recursion and notes it among the errors, by the engine's words only.
  if (document.errors.some((error) => error.message.includes('call stack'))) return broken(TOO_DEEP)
  const syntax = firstOfItsKind(document).map((error) => ({
    ...explain(error, text),
    ...at(placeOf(error, document)),
  }))
  const finder = {
    locate: (path: Path, part: 'key' | 'value' = 'value') => at(find(document, path, part).offset),
    sourceOf: (path: Path) => find(document, path, 'value').source,
  }
  if (syntax.length > 0) return { data: undefined, complaints: syntax, ...finder }
  const complaints = [...duplicateKeys(document, at), ...unfitAliases(document, at)]
  if (complaints.length > 0) return { data: undefined, complaints, ...finder }
  try {
    return { data: document.toJS({ maxAliasCount: MOST_ALIASES }), complaints, ...finder }
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    const bomb = { message: 'its aliases (*name) multiply beyond measure', hint: 'write the values out' }
    return { data: undefined, complaints: [{ ...bomb, line: 1, column: 1 }], ...finder }
  }
}

function broken(complaint: Complaint): YamlDocument {
  const start = { line: 1, column: 1 }
  return {
    data: undefined,
    complaints: [{ ...complaint, ...start }],
    locate: () => start,
    sourceOf: () => undefined,
  }
}

/** The first syntax error, and those like it on other lines. Others are mostly consequences, and hide the cause. */
function firstOfItsKind({ errors }: Document.Parsed): readonly YAMLParseError[] {
  return errors.filter(
    (error, index) =>
      error.code === errors[0]?.code && errors.findIndex((other) => other.pos[0] === error.pos[0]) === index,
  )
}

/** Where the fault is; for a missing quote at the end that is where the text begins. */
function placeOf(error: YAMLParseError, document: Document.Parsed): number {
  let offset = error.pos[0]
  if (!isMissingQuote(error)) return offset
  visit(document, {
    Scalar(_, scalar) {
      const [start = 0, , end = 0] = scalar.range ?? []
      const quotes = scalar.type === 'QUOTE_DOUBLE' || scalar.type === 'QUOTE_SINGLE'
      if (quotes && start < error.pos[0] && error.pos[0] <= end) offset = start
    },
  })
  return offset
}

function isMissingQuote(error: YAMLParseError): boolean {
  return error.code === 'MISSING_CHAR' && error.message.includes('quote')
}

/** The library's words, made kinder where it is a usual mistake. */
function explain(error: YAMLParseError, text: string): Complaint {
  if (isMissingQuote(error)) return { message: 'not valid YAML: these quotes never end', hint: 'close them' }
  if (error.code === 'BAD_SCALAR_START') {
    const message = `not valid YAML: a text can't begin with ${text.charAt(error.pos[0])} unquoted`
    return { message, hint: 'put it in quotes' }
  }
  return USUAL_MISTAKES[error.code] ?? { message: `not valid YAML: ${lower(error.message)}` }
}

const USUAL_MISTAKES: Readonly<Partial<Record<ErrorCode, Complaint>>> = {
  TAB_AS_INDENT: { message: 'a tab in the indentation: YAML takes only spaces', hint: 'write spaces' },
  MULTIPLE_DOCS: {
    message: 'a second document begins here (---): one file is one cluster',
    hint: 'write one file per cluster',
  },
  BAD_INDENT: {
    message: 'not valid YAML: this line is indented differently from its neighbours',
    hint: 'put the keys of one block under each other',
  },
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}

function duplicateKeys(
  document: Document.Parsed,
  at: (offset: number) => Position,
): (Complaint & Position)[] {
  const found: (Complaint & Position)[] = []
  visit(document, {
    Map(_, map) {
      const first = new Map<string, number>()
      for (const { key } of map.items) {
        const name = keyName(key)
        const offset = offsetOf(key)
        const earlier = first.get(name)
        if (earlier === undefined) first.set(name, offset)
        else {
          const message = `the key ${name} is here twice (first on line ${at(earlier).line}): one of the two would be lost`
          found.push({ message, hint: 'keep one', ...at(offset) })
        }
      }
    },
  })
  return found
}

function unfitAliases(document: Document.Parsed, at: (offset: number) => Position): (Complaint & Position)[] {
  const found: (Complaint & Position)[] = []
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

interface Found {
  readonly offset: number
  readonly source: string | undefined
}

function find(document: Document.Parsed, path: Path, part: 'key' | 'value'): Found {
  let value: unknown = document.contents
  let found: Found = { offset: Math.max(offsetOf(value), 0), source: undefined }
  for (const [index, step] of path.entries()) {
    if (isAlias(value)) value = value.resolve(document)
    let key: unknown
    if (isMap(value)) {
      const pair = value.items.find((item) => keyName(item.key) === String(step))
      if (pair === undefined) break
      key = pair.key
      value = pair.value
    } else if (isSeq(value)) {
      value = value.items[Number(step)]
    } else break
    const wantsKey = key !== undefined && part === 'key' && index === path.length - 1
    const place = wantsKey || offsetOf(value) < 0 ? key : value
    if (place === undefined || offsetOf(place) < 0) break
    found = { offset: offsetOf(place), source: isScalar(value) ? value.source : undefined }
  }
  return found
}

function offsetOf(node: unknown): number {
  if (isPair(node)) return offsetOf(node.key)
  return (node as Node | null)?.range?.[0] ?? -1
}

function keyName(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key)
}
