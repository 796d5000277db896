/** Which codes of errors a command's sources can throw, read off their syntax and imports. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync } from 'oxc-parser'

const ROOT = path.resolve(import.meta.dirname, '../..')

interface Source {
  /** Codes of its `new QuorateError('CODE', …)` and `QuorateError.from(thrown, 'CODE', …)`. */
  readonly thrown: ReadonlySet<string>
  /** All its string literals: a code that is thrown from a variable is among them. */
  readonly texts: ReadonlySet<string>
  /** Files of the checkout that it loads, at once or later; types are not loaded. */
  readonly imports: readonly string[]
}

export interface ReachableErrors {
  /** String literals in everything that the command loads: it ends with no code that is not among them. */
  readonly possible: ReadonlySet<string>
  /** Codes that are thrown in the command's own file, and in its topic of `src/verbs/`. */
  readonly own: ReadonlySet<string>
}

/** @param command a file, from the checkout's root: `src/cli/commands/apply.ts` */
export function reachableErrors(command: string): ReachableErrors {
  const topics = new Set(
    sourceOf(command)
      .imports.map(directoryOf)
      .filter((one) => one.startsWith('src/verbs/')),
  )
  const all = loadedBy(command, () => true)
  const own = loadedBy(command, (file) => topics.has(directoryOf(file)))
  return {
    possible: new Set(all.flatMap((file) => [...sourceOf(file).texts])),
    own: new Set(own.flatMap((file) => [...sourceOf(file).thrown])),
  }
}

function loadedBy(file: string, follow: (file: string) => boolean): readonly string[] {
  const found = new Set([file])
  for (const next of found) for (const one of sourceOf(next).imports.filter(follow)) found.add(one)
  return [...found]
}

const directoryOf = (file: string) => path.posix.dirname(file)

const known = new Map<string, Source>()

function sourceOf(file: string): Source {
  const present = known.get(file)
  if (present !== undefined) return present
  const text = readFileSync(path.join(ROOT, file), 'utf8')
  const { program, module } = parseSync(file, text)
  const thrown = new Set<string>()
  const texts = new Set<string>()
  walk(program, thrown, texts)
  const names = [
    ...module.staticImports
      .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
      .map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ isType, moduleRequest }) => (isType || !moduleRequest ? [] : [moduleRequest.value])),
    ),
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => text.slice(start + 1, end - 1)),
  ]
  const imports = names
    .filter((name) => name.startsWith('.') && name.endsWith('.ts'))
    .map((name) => path.posix.join(directoryOf(file), name))
  const source = { thrown, texts, imports }
  known.set(file, source)
  return source
}

function walk(node: unknown, thrown: Set<string>, texts: Set<string>): void {
  if (Array.isArray(node)) {
    for (const one of node) walk(one, thrown, texts)
    return
  }
  if (typeof node !== 'object' || node === null) return
  const { type, callee, value } = node as Call
  if (type === 'Literal' && typeof value === 'string') texts.add(value)
  const args = (node as Call).arguments ?? []
  const isNew = type === 'NewExpression' && callee?.name === 'QuorateError'
  const isFrom = type === 'CallExpression' && callee?.object?.name === 'QuorateError'
  const code = isNew ? args[0]?.value : isFrom ? args[1]?.value : undefined
  if (typeof code === 'string') thrown.add(code)
  for (const one of Object.values(node)) walk(one, thrown, texts)
}

interface Call {
  readonly type?: string
  readonly value?: unknown
  readonly callee?: { readonly name?: string; readonly object?: { readonly name?: string } }
  readonly arguments?: readonly { readonly value?: unknown }[]
}
