/** Parses YAML text to plain data, and knows the position of everything in it. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, ErrorCode, Pair, YAMLMap, YAMLParseError } from 'yaml'
import {
  type Position,
  documentFaults,
  keyName,
  MOST_ALIASES,
  offsetOf,
  TOO_DEEP,
} from './document-faults.ts'
import type { Complaint } from './problem.ts'
import { formatBytes } from './units.ts'

export type Path = readonly PropertyKey[]

export interface YamlDocument {
  /** Undefined if the text is not YAML, or can't be processed further. */
  readonly data: unknown
  readonly complaints: readonly (Complaint & Position)[]
  /** Position of the value at `path`, or of its key; if there is none, of the nearest thing around it. */
  locate(path: Path, part?: 'key' | 'value'): Position
  /** The text of a scalar as written, e.g. `3.60` for the number 3.6. */
  sourceOf(path: Path): string | undefined
}

/** Longer than any cluster file, so a longer file is something else. */
const MOST_CHARACTERS = 1024 * 1024

/** This many syntax errors are enough to see that it is not a cluster file. */
const MOST_SYNTAX_ERRORS = 100

export function readYaml(given: string): YamlDocument {
  const text = given.replace(/^\uFEFF/, '')
  if (text.length > MOST_CHARACTERS) {
    const size = formatBytes(text.length)
    return broken({
      message: `${size} is too long for a cluster file (at most 1 MiB)`,
      hint: 'check the path: this may not be a cluster file',
    })
  }
  const lines = new LineCounter()
  try {
    const document = withoutStacks(() => parse(text, lines))
    return fromDocument(document, lines, text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return broken(TOO_DEEP)
  }
}

function parse(text: string, lines: LineCounter): Document.Parsed {
  // Duplicate keys are found below: the library's search takes quadratic time, and forgets the first position.
  return parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
    // Also if the file asks for YAML 1.1, which has bytes, dates, sets and merged keys.
    schema: 'core',
    resolveKnownTags: false,
    merge: false,
  })
}

/** A file can have a syntax error at each of a million commas, and their stack traces would take a gigabyte. */
function withoutStacks<T>(work: () => T): T {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

function fromDocument(document: Document.Parsed, lines: LineCounter, text: string): YamlDocument {
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  // The library reaches the engine's recursion limit, and reports that as an error with the engine's own text.
  if (document.errors.some((error) => error.message.includes('call stack'))) return broken(TOO_DEEP)
  const syntax = firstOfItsKind(document).map((error) => ({
    ...explain(error, text),
    ...at(placeOf(error, document)),
  }))
  const index = pairIndex()
  const finder = {
    locate: (path: Path, part: 'key' | 'value' = 'value') => at(find(document, path, part, index).offset),
    sourceOf: (path: Path) => find(document, path, 'value', index).source,
  }
  if (syntax.length > 0) return { data: undefined, complaints: syntax, ...finder }
  const complaints = documentFaults(document, at)
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

/** The first syntax error, and those like it on other lines. Most others are consequences, and would hide the cause. */
function firstOfItsKind({ errors }: Document.Parsed): readonly YAMLParseError[] {
  const seen = new Set<number>()
  const alike = errors.filter(({ code, pos: [offset] }) => {
    const repeated = seen.has(offset)
    seen.add(offset)
    return code === errors[0]?.code && !repeated
  })
  return alike.slice(0, MOST_SYNTAX_ERRORS)
}

/** The position of the fault; for a missing closing quote, the start of the text. */
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

/** The library's message, or a clearer one for common mistakes. */
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
    message: 'a second document starts at this line (---): one file describes one cluster',
    hint: 'write one file per cluster',
  },
  BAD_INDENT: {
    message: 'not valid YAML: this line is indented differently from its neighbors',
    hint: 'put the keys of one block under each other',
  },
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}

interface Found {
  readonly offset: number
  readonly source: string | undefined
}

type PairIndex = (map: YAMLMap) => ReadonlyMap<string, Pair>

/**
 * An index of each mapping's keys, built on first use: linear searches for many thousands of keys would take minutes.
 */
function pairIndex(): PairIndex {
  const known = new WeakMap<YAMLMap, Map<string, Pair>>()
  return (map) => {
    const found = known.get(map) ?? new Map(map.items.map((pair) => [keyName(pair.key), pair]))
    known.set(map, found)
    return found
  }
}

function find(document: Document.Parsed, path: Path, part: 'key' | 'value', index: PairIndex): Found {
  let value: unknown = document.contents
  let found: Found = { offset: Math.max(offsetOf(value), 0), source: undefined }
  for (const [depth, step] of path.entries()) {
    if (isAlias(value)) value = value.resolve(document)
    let key: unknown
    if (isMap(value)) {
      const pair = index(value).get(String(step))
      if (pair === undefined) break
      key = pair.key
      value = pair.value
    } else if (isSeq(value)) {
      value = value.items[Number(step)]
    } else break
    const wantsKey = key !== undefined && part === 'key' && depth === path.length - 1
    const place = wantsKey || offsetOf(value) < 0 ? key : value
    if (place === undefined || offsetOf(place) < 0) break
    found = { offset: offsetOf(place), source: isScalar(value) ? value.source : undefined }
  }
  return found
}
