/** Exchanges single values in a cluster file's text; every other byte stays, comments and alignment with them. */
import { isScalar, parseDocument, type Scalar } from 'yaml'
import { QuorateError } from '../errors.ts'
import type { Path } from './document.ts'

export interface Edit {
  /** `['etcd', 'version']`. Its value must be there, written out in this place. */
  readonly path: Path
  readonly value: string
}

/**
 * The text with these values in it. A value keeps its quotes, and gets double ones where it had none and YAML would take
 * it for something other than a text.
 *
 * @throws QuorateError `cluster-file` for a value that does not stand in its place: missing, or an alias.
 */
export function editValues(text: string, edits: readonly Edit[]): string {
  // Without the mark some editors put first, which the parser would take for content; it is put back.
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : ''
  const body = text.slice(mark.length)
  const document = parseDocument(body, { keepSourceTokens: true, uniqueKeys: false, logLevel: 'error' })
  const places = edits.map(({ path, value }) => {
    const node: unknown = document.getIn(path, true)
    const [start, end] = isScalar(node) ? (node.range ?? []) : []
    if (!isScalar(node) || start === undefined || end === undefined || start === end)
      throw notInPlace(path, value)
    return { start, end, written: write(node, value) }
  })
  return (
    mark +
    places
      .toSorted((a, b) => b.start - a.start)
      .reduce((all, { start, end, written }) => all.slice(0, start) + written + all.slice(end), body)
  )
}

function write({ type }: Scalar, value: string): string {
  if (type === 'QUOTE_SINGLE') return `'${value.replaceAll("'", "''")}'`
  // `3.5` would be a number, `3.5.16` is a text; with more than letters in it, quotes are always right.
  return type === 'PLAIN' && /^[a-z][a-z0-9-]*$/.test(value) ? value : JSON.stringify(value)
}

function notInPlace(path: Path, value: string): QuorateError {
  const key = path.join('.')
  return new QuorateError('cluster-file', `${key} can't be replaced: it is not a plain value in the file`, {
    hint: `write it by hand: ${key}: ${JSON.stringify(value)}`,
  })
}
