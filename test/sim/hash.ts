/** Numbers derived from a life, so that it needs not contain them: the same life always has the same ones. */
import { createHash } from 'node:crypto'

/** @returns from 0 to 2^32 - 1 */
export function hashOf(...parts: readonly unknown[]): number {
  return createHash('sha1').update(JSON.stringify(parts)).digest().readUInt32BE(0)
}
