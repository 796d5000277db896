/** What is recorded of a backup that was restored for a trial and held what it should: `<name>.proven.json`. */
import * as z from 'zod'
import { parseJson } from './json.ts'

const digits = z.string().regex(/^\d+$/)

const provenSchema = z.object({
  /** ISO 8601, UTC. */
  provenAt: z.iso.datetime(),
  /** The name of the computer that did it. */
  by: z.string(),
  /** Of the etcd that it was restored with. */
  etcdVersion: z.string(),
  /** Of the bundle, hex: another file of this name is not proven. */
  sha256: z.string().regex(/^[0-9a-f]+$/),
  /** Alive at that revision, counted in the restored store. */
  keys: digits,
  revision: digits,
  /** HashKV of the restored store; undefined: it could not be compared. */
  hash: digits.optional(),
})
export type Proven = z.infer<typeof provenSchema>

/** undefined: there is none, or what is there is none. */
export function parseProven(text: string | undefined): Proven | undefined {
  return provenSchema.safeParse(parseJson(text)).data
}
