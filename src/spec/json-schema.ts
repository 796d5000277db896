/** The cluster file's JSON Schema, for editors: made from the zod schema, kept in `schema/cluster.schema.json`. */
import * as z from 'zod'
import { clusterFileSchema } from './schema.ts'

/** Draft 7, which every YAML language server reads. */
export function clusterJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(clusterFileSchema, { io: 'input', target: 'draft-7' }),
    title: 'quorate cluster file',
  }
}
