/** Replaces single values in a cluster file's text; all other bytes stay, comments and alignment included. */
import { isScalar, parseDocument, type Scalar } from 'yaml'
import { QuorateError } from '../errors.ts'
import type { Path } from './document.ts'

export interface Edit {
  /** `['etcd', 'version']`. Its value must be written at this place, not as an alias. */
  readonly path: Path
  readonly value: string
}

/**
 * The text with these values. A value keeps its quotes. Without quotes it gets double ones if YAML would not read it as
 * a string.
 *
 * @throws QuorateError `cluster-file` for a value that is missing, or an alias.
 */
export function editValues(text: string, edits: readonly Edit[]): string {
  // Removes the byte order mark that some editors write, because the parser would take it for content; it is put back
  // later.
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
  // `3.5` would be a number, `3.5.16` a string. For anything but letters, digits and hyphens, quotes are always right.
  return type === 'PLAIN' && /^[a-z][a-z0-9-]*$/.test(value) ? value : JSON.stringify(value)
}

function notInPlace(path: Path, value: string): QuorateError {
  const key = path.join('.')
  return new QuorateError('cluster-file', `${key} can't be replaced: it is not a plain value in the file`, {
    id: 'cannot-be-edited',
    hint: `write it by hand: ${key}: ${JSON.stringify(value)}`,
  })
}
