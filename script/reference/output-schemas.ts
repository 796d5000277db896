/**
 * JSON Schemas of what commands print with `--json`, from the types in src/cli/output/: one file each in
 * schema/output/.
 */
import path from 'node:path'
import { createGenerator } from 'ts-json-schema-generator'
import { COMMANDS } from '../../src/cli/commands.ts'
import { ERROR_TOPICS, isErrorId } from '../../src/error-ids.ts'
import { FORMAT_VERSION } from '../../src/engine/event-json.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

/** JSON Schema (draft 7). */
export interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly type?: unknown
  readonly [keyword: string]: unknown
}

const DRAFT = 'http://json-schema.org/draft-07/schema#'

/** The files with the types. */
const SOURCES = 'src/{cli/output,engine}/{values,lines,error-json,event-json}.ts'

/** Parts that many outputs share, each in its own file. By file name: the output and the member with this type. */
const SHARED = { availability: ['probe'], step: ['adopt', 'writes', 'items'] } as const

/**
 * By file name in schema/output/: first the shared parts, then a file for each command that prints JSON, in the
 * catalog's order.
 */
export function outputSchemas(): ReadonlyMap<string, Schema> {
  const typed = readTypes()
  const values = new Map(Object.entries(typed('Values').properties ?? {}))
  const lines = new Map(Object.entries(typed('Lines').properties ?? {}))
  const shared = Object.entries(SHARED).map(([name, [command, ...at]]): [string, Schema] => [
    name,
    at.reduce(
      (schema, key) => (schema.properties?.[key] ?? schema[key]) as Schema,
      values.get(command) ?? {},
    ),
  ])
  const files = new Map<string, Schema>([
    ...shared.map(([name, schema]): [string, Schema] => [
      name,
      titled(`Part of several outputs: ${name}`, schema),
    ]),
    ['error', titled('An error of any command, with --json', object({ error: typed('ErrorJson') }))],
    [
      'event',
      titled('An event of any command that prints events, with --json', versioned(typed('EventJson'))),
    ],
  ])
  for (const { name, json, hidden } of COMMANDS) {
    if (hidden === true || json === 'none') continue
    const [value, line] = [values.get(name), lines.get(name)]
    const events = line === undefined ? [] : [{ $ref: 'event.schema.json' }, ...branches(line).map(versioned)]
    const found = [...(value === undefined ? [] : [versioned(value)]), ...events]
    if (found.length === 0) throw new TypeError(`${name} prints JSON, and src/cli/output/ has no type for it`)
    const alternatives = [...found, { $ref: 'error.schema.json' }]
    files.set(fileName(name), titled(titleOf(name, value, line), { anyOf: alternatives }))
  }
  const short = new Map(shared.map(([name, schema]) => [JSON.stringify(schema), `${name}.schema.json`]))
  return new Map(
    [...files].map(([name, schema]) => [
      name,
      name in SHARED ? schema : (withReferences(schema, short) as Schema),
    ]),
  )
}

/** `certs-list` */
export function fileName(command: string): string {
  return command.replaceAll(' ', '-')
}

function titleOf(command: string, value: Schema | undefined, line: Schema | undefined): string {
  const what = [
    ...(value === undefined ? [] : ['the output']),
    ...(line === undefined ? [] : ['each line of the output']),
  ].join(', or ')
  return `${what.charAt(0).toUpperCase()}${what.slice(1)} of quorate ${command} --json`
}

/** Returns the schema of a type by its name. No type is recursive, so no reference is left. */
function readTypes(): (type: string) => Schema {
  const generator = createGenerator({
    path: path.join(ROOT, SOURCES),
    tsconfig: path.join(ROOT, 'tsconfig.json'),
    // `tsc` checks them.
    skipTypeCheck: true,
    expose: 'none',
    topRef: false,
    // Fields are added over time: a reader with an older schema must not refuse a newer output.
    additionalProperties: true,
  })
  return (type) => {
    const made = generator.createSchema(type) as unknown as Schema & { readonly definitions?: object }
    const { $schema: _, definitions = {}, ...schema } = made
    if (Object.keys(definitions).length > 0) throw new TypeError(`${type} holds a type that holds itself`)
    return withOpenIds(schema) as Schema
  }
}

/** IDs of errors are added over time: no schema names those of today. */
function withOpenIds(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withOpenIds)
  const { enum: choices, const: choice, ...rest } = value as Schema
  const ids = [choices ?? choice].flat()
  if (rest.type === 'string' && ids.every(isErrorName)) return rest
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withOpenIds(one)]))
}

function isErrorName(name: unknown): boolean {
  return typeof name === 'string' && (isErrorId(name) || ERROR_TOPICS.some((topic) => topic === name))
}

function withReferences(value: unknown, short: ReadonlyMap<string, string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  const file = short.get(JSON.stringify(value))
  if (file !== undefined) return { $ref: file }
  if (Array.isArray(value)) return value.map((one) => withReferences(one, short))
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withReferences(one, short)]))
}

function branches(schema: Schema): readonly Schema[] {
  return schema.anyOf ?? [schema]
}

/** Lists have no field for the format version. */
function versioned(schema: Schema): Schema {
  if (schema.anyOf !== undefined) return { ...schema, anyOf: schema.anyOf.map(versioned) }
  if (schema.properties === undefined) return schema
  const { formatVersion: _, ...properties } = schema.properties
  const required = ['formatVersion', ...(schema.required ?? []).filter((name) => name !== 'formatVersion')]
  return { ...schema, properties: { formatVersion: { const: FORMAT_VERSION }, ...properties }, required }
}

function object(properties: Readonly<Record<string, Schema>>): Schema {
  return versioned({ type: 'object', properties, required: Object.keys(properties) })
}

function titled(title: string, schema: Schema): Schema {
  return { $schema: DRAFT, title, ...schema }
}
