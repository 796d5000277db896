/**
 * The cluster file's JSON Schema, for editors: generated from the zod schema, stored in `schema/cluster.schema.json`.
 */
import * as z from 'zod'
import { clusterFileSchema } from './schema.ts'

/** Draft 7, which every YAML language server supports. */
export function clusterJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(clusterFileSchema, { io: 'input', target: 'draft-7' }),
    title: 'quorate cluster file',
  }
}
