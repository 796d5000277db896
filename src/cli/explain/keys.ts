/** The keys of the cluster file as data, from its JSON Schema: for `quorate explain` and the reference page. */
import { clusterJsonSchema } from '../../spec/json-schema.ts'

export interface KeyEntry {
  /** `nodes.roles`; a name that the file can choose is in capitals: `groups.NAME`. */
  readonly path: string
  /** In words: `text`, `list of text`, `one of single, separate`. */
  readonly type: string
  /** Required whenever its parent mapping is present. */
  readonly required: boolean
  readonly description: string
  /** As JSON; null: none, or it depends on other keys, as the description says. */
  readonly default: unknown
  /** In words: `1 to 65535`. */
  readonly limits: readonly string[]
  readonly examples: readonly unknown[]
}

/** The parts of JSON Schema that the cluster file's schema uses. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: string
  readonly additionalProperties?: Schema | boolean
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly minProperties?: number
  readonly maxProperties?: number
}

/** The placeholders in paths for names that the file chooses. */
const FREE_NAMES: Readonly<Record<string, string>> = {
  'etcd.settings': 'FLAG',
  'kubernetes.nodeLabels.NAME': 'LABEL',
}

/** In the order of the schema, a mapping before its keys. */
export function keyEntries(): readonly KeyEntry[] {
  const found = new Map<string, KeyEntry>()
  visit(clusterJsonSchema(), '', (entry) => {
    if (!found.has(entry.path)) found.set(entry.path, entry)
  })
  return [...found.values()]
}

function visit(schema: Schema, path: string, add: (entry: KeyEntry) => void): void {
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    const own = path === '' ? key : `${path}.${key}`
    add(entryOf(own, inner, schema.required?.includes(key) ?? false))
    visit(inner, own, add)
  }
  const { additionalProperties: free, items, anyOf = [] } = schema
  if (typeof free === 'object' && Object.keys(free).length > 0) {
    const own = `${path}.${freeName(path)}`
    // The description of a free name is shown where names can be used.
    add(entryOf(own, { ...free, description: free.description ?? schema.description ?? '' }, false))
    visit(free, own, add)
  }
  for (const branch of [...(items === undefined ? [] : [items]), ...anyOf]) visit(branch, path, add)
}

function freeName(path: string): string {
  return FREE_NAMES[path] ?? (path.endsWith('.arguments') ? 'ARGUMENT' : 'NAME')
}

function entryOf(path: string, schema: Schema, required: boolean): KeyEntry {
  const { description = '', examples = [] } = schema
  return {
    path,
    type: typeName(schema),
    required,
    description,
    default: schema.default ?? null,
    limits: [...limitsOf(schema), ...(schema.items === undefined ? [] : limitsOf(schema.items).map(each))],
    examples,
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'integer',
  number: 'number',
  boolean: 'true or false',
}

function typeName(schema: Schema): string {
  const { type, items, anyOf, enum: choices, additionalProperties: free } = schema
  if (choices !== undefined) return `one of ${choices.map(String).join(', ')}`
  if (schema.const !== undefined) return schema.const
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeName))].join(', or ')
  if (type === 'array') return items === undefined ? 'list' : `list of ${plural(typeName(items))}`
  if (type === 'object') {
    if (typeof free === 'object' && schema.properties === undefined) {
      return Object.keys(free).length === 0 ? 'mapping' : `mapping to ${typeName(free)}`
    }
    return 'mapping'
  }
  const types = typeof type === 'string' ? [type] : (type ?? [])
  return types.map((one) => TYPES[one] ?? one).join(', ') || 'any value'
}

function plural(type: string): string {
  if (type === 'mapping' || type === 'integer') return `${type}s`
  return type.replace(/^one of /, '')
}

function limitsOf(schema: Schema): readonly string[] {
  const { minimum, maximum, minLength, maxLength, minItems, pattern, minProperties, maxProperties } = schema
  return [
    range(minimum, maximum, ''),
    range(minLength, maxLength, ' characters'),
    minItems === undefined ? undefined : minItems === 1 ? 'not empty' : `at least ${minItems} items`,
    minProperties === 1 && maxProperties === 1 ? 'exactly one of its keys' : undefined,
    pattern === undefined ? undefined : `must match ${pattern.replaceAll(String.raw`\/`, '/')}`,
  ].filter((limit) => limit !== undefined)
}

function each(limit: string): string {
  return `each: ${limit}`
}

function range(least: number | undefined, most: number | undefined, unit: string): string | undefined {
  const top = most === undefined || most >= Number.MAX_SAFE_INTEGER ? undefined : most
  if (least === undefined && top === undefined) return undefined
  if (top === undefined) return `at least ${least}${unit}`
  return least === undefined ? `at most ${top}${unit}` : `${least} to ${top}${unit}`
}
