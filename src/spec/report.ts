/** A check's finding about a path in the file, before that path is translated to a line and a column. */
import type { Path } from './document.ts'
import type { Complaint, Severity } from './problem.ts'

export interface Report extends Complaint {
  readonly severity: Severity
  readonly path: Path
  /** Refer to the key instead of its value. */
  readonly part?: 'key' | 'value'
}

/** What a check receives: a function that takes its findings, and the lines of other values to refer to. */
export interface Reporter {
  error(path: Path, message: string, hint?: string, part?: 'key' | 'value'): void
  warning(path: Path, message: string, hint?: string, part?: 'key' | 'value'): void
  /** Line of the value at `path`, from 1; undefined if no file is written yet. */
  lineOf(path: Path): number | undefined
}

/** A cluster file without the values that the schema refused. */
export type Partly<T> = T extends readonly (infer Item)[]
  ? readonly (Partly<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Partly<T[Key]> | undefined }
    : T

/** A path in the file's terms: `etcd.version`, `node etcd02, address`, `groups.edge[1]`. */
export function label(path: Path, data: unknown): string {
  if (path[0] === 'nodes' && typeof path[1] === 'number') {
    const name = valueAt(data, ['nodes', path[1], 'name'])
    const node = typeof name === 'string' && name !== '' && path[2] !== 'name' ? `node ${name}` : undefined
    const rest = dotted(path.slice(2))
    if (node !== undefined) return rest === '' ? node : `${node}, ${rest}`
  }
  return dotted(path)
}

function dotted(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return text === '' ? String(step) : `${text}.${String(step)}`
  }, '')
}

/** The value at `path` of plain data, or undefined. */
export function valueAt(data: unknown, path: Path): unknown {
  let value = data
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<PropertyKey, unknown>)[step]
  }
  return value
}
