/** Texts of errors and reports in the sources, from their syntax trees, so that users can search for a message. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync } from 'oxc-parser'
import { type ErrorId, isErrorId } from '../../src/error-ids.ts'

export interface Message {
  /** An error code; `problem`: in the cluster file; `report`: a refusal, warning or finding without an error code. */
  readonly code: string
  /** Values are in braces: `{node}`. Empty: the text of an error with an ID comes from elsewhere. */
  readonly text: string
  /** The fix, if that is a separate text. */
  readonly fix: string | undefined
  /** What stays when it is reworded, if it has one. */
  readonly id: ErrorId | undefined
}

const ROOT = path.resolve(import.meta.dirname, '../..')
const NOT_READ = /\.(?:test|fixture)\.ts$|\/testing\.ts$|\/gen\/|src\/cli\/(?:catalog|explain|output)\//

interface Syntax {
  readonly type: string
  readonly [key: string]: unknown
}

/** In alphabetical order for each code; each once. */
export function messages(): readonly Message[] {
  const found = new Map<string, Message>()
  for (const file of globSync('src/**/*.ts', { cwd: ROOT })) {
    if (NOT_READ.test(file)) continue
    const { program } = parseSync(file, readFileSync(path.join(ROOT, file), 'utf8'))
    walk(program, isOfClusterFile(file) ? 'problem' : 'report', (message) => {
      // Of two that only differ in their fix, the first is enough for a search.
      const key = `${message.code} ${message.text} ${message.id ?? ''}`
      if (!found.has(key) || found.get(key)?.fix === undefined) found.set(key, message)
    })
  }
  return [...found.values()].toSorted((one, other) => compare(one.text, other.text))
}

/** The same order on every computer, whatever its language. */
function compare(one: string, other: string): number {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()]
  return a < b ? -1 : a > b ? 1 : one < other ? -1 : one > other ? 1 : 0
}

function isOfClusterFile(file: string): boolean {
  return /^src\/(?:spec|flannel|cluster-file)\//.test(file)
}

/** What the constants around a place are, by name. */
type Scope = ReadonlyMap<string, unknown>

function walk(
  node: unknown,
  codeless: string,
  add: (message: Message) => void,
  outer: Scope = new Map(),
): void {
  if (Array.isArray(node)) {
    for (const one of node) walk(one, codeless, add, outer)
    return
  }
  if (!isSyntax(node)) return
  const scope = node.type === 'BlockStatement' ? scopeOf(node, outer) : outer
  const textsOf = (value: unknown) => possibleTexts(value, scope)
  const error = errorOf(node)
  if (error !== undefined) {
    const [code, text, details] = error
    const [fix] = textsOf(propertyOf(details, 'hint'))
    const id = idOf(details)
    const texts = textsOf(text)
    for (const one of texts.length === 0 && id !== undefined ? [''] : texts)
      add({ code: literal(code) ?? 'report', text: one, fix, id })
  } else if (node.type === 'ObjectExpression') {
    const [fix] = textsOf(propertyOf(node, 'hint') ?? propertyOf(node, 'remedy'))
    const id = idOf(node)
    const texts = textsOf(
      propertyOf(node, 'message') ??
        propertyOf(node, 'found') ??
        (id && (propertyOf(node, 'why') ?? propertyOf(node, 'says'))),
    )
    for (const text of texts.length === 0 && id !== undefined ? [''] : texts)
      add({ code: codeless, text, fix, id })
  }
  for (const value of Object.values(node)) walk(value, codeless, add, scope)
}

/** With the constants that a block declares. */
function scopeOf(block: Syntax, outer: Scope): Scope {
  const declarations = (block['body'] as readonly Syntax[]).flatMap((statement) =>
    statement.type === 'VariableDeclaration' ? (statement['declarations'] as readonly Syntax[]) : [],
  )
  const own = declarations.flatMap(({ id, init }): [string, unknown][] =>
    isSyntax(id) && id.type === 'Identifier' ? [[String(id['name']), init]] : [],
  )
  return new Map([...outer, ...own])
}

/** Code, message and details of `new QuorateError(…)` and `QuorateError.from(thrown, …)`. */
function errorOf(node: Syntax): readonly [unknown, unknown, unknown] | undefined {
  const callee = node['callee']
  const args = node['arguments']
  if (!isSyntax(callee) || !Array.isArray(args)) return undefined
  if (node.type === 'NewExpression' && callee['name'] === 'QuorateError') return [args[0], args[1], args[2]]
  const object = callee['object']
  const isFrom = node.type === 'CallExpression' && isSyntax(object) && object['name'] === 'QuorateError'
  return isFrom ? [args[1], args[2], args[3]] : undefined
}

function idOf(node: unknown): ErrorId | undefined {
  const id = literal(propertyOf(node, 'id'))
  return id !== undefined && isErrorId(id) ? id : undefined
}

function propertyOf(node: unknown, name: string): unknown {
  if (!isSyntax(node) || !Array.isArray(node['properties'])) return undefined
  const found: unknown = node['properties'].find(
    (one) => isSyntax(one) && isSyntax(one['key']) && one['key']['name'] === name,
  )
  return isSyntax(found) ? found['value'] : undefined
}

/** Every text that an expression can be; empty if it comes from elsewhere. */
function possibleTexts(node: unknown, scope: Scope): readonly string[] {
  if (!isSyntax(node)) return []
  const both = (one: string, other: string) => [
    ...possibleTexts(node[one], scope),
    ...possibleTexts(node[other], scope),
  ]
  switch (node.type) {
    case 'ConditionalExpression':
      return both('consequent', 'alternate')
    case 'LogicalExpression':
      return both('left', 'right')
    case 'ArrowFunctionExpression':
      return possibleTexts(node['body'], scope)
    case 'Identifier':
      return possibleTexts(scope.get(String(node['name'])), new Map())
    case 'Literal':
    case 'TemplateLiteral':
    case 'BinaryExpression': {
      const text = rendered(node).trim()
      return /[a-z]{2,} .*[a-z]{2,}/i.test(text.replaceAll(/\{[^}]*\}/g, '')) ? [text] : []
    }
    default:
      return []
  }
}

function rendered(node: unknown): string {
  if (!isSyntax(node)) return '{…}'
  if (node.type === 'Literal') return literal(node) ?? '{…}'
  if (node.type === 'BinaryExpression') return `${rendered(node['left'])}${rendered(node['right'])}`
  if (node.type !== 'TemplateLiteral') return `{${nameOf(node)}}`
  const quasis = node['quasis'] as readonly { readonly value: { readonly cooked: string | null } }[]
  const values = node['expressions'] as readonly unknown[]
  return quasis
    .map(({ value }, index) => `${value.cooked ?? ''}${index < values.length ? rendered(values[index]) : ''}`)
    .join('')
}

/** The name of a value in a message. */
function nameOf(node: Syntax): string {
  if (node.type === 'Identifier') return String(node['name'])
  const property = node['property']
  if (node.type === 'MemberExpression' && isSyntax(property) && property.type === 'Identifier')
    return String(property['name'])
  return '…'
}

/** Also behind `as const`. */
function literal(node: unknown): string | undefined {
  if (!isSyntax(node)) return undefined
  if (node.type === 'TSAsExpression') return literal(node['expression'])
  return typeof node['value'] === 'string' ? node['value'] : undefined
}

function isSyntax(node: unknown): node is Syntax {
  return typeof node === 'object' && node !== null && 'type' in node
}
