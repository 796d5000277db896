/** The keys that are allowed at a path of the cluster file. */
import * as z from 'zod'
import type { Path } from './document.ts'
import { clusterFileSchema } from './schema.ts'

/** Known keys of the mapping at `path`; empty if any key is allowed. */
export function keysAt(path: Path): readonly string[] {
  const schemas = path.reduce<readonly z.core.$ZodType[]>(
    (inside, step) => inside.flatMap((schema) => open(schema)).flatMap((schema) => child(schema, step)),
    [clusterFileSchema],
  )
  return schemas
    .flatMap((schema) => open(schema))
    .flatMap((schema) => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : []))
}

/** The schema inside of wrappers: of optional ones, and of the branches of a union. */
function open(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional) return open(schema.unwrap())
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => open(option))
  return [schema]
}

function child(schema: z.core.$ZodType, step: PropertyKey): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) {
    const inner: unknown = (schema.shape as Record<PropertyKey, unknown>)[step]
    return inner instanceof z.ZodType ? [inner] : []
  }
  if (schema instanceof z.ZodArray) return [schema.element]
  if (schema instanceof z.ZodRecord) return [schema.valueType]
  return []
}
