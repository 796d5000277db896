/** A selection of keys: those with a prefix, those from one to another, or all. */
import { prefixEnd, utf8 } from '../etcd/keys.ts'
import type { ExportedRange } from './format.ts'

export interface KeyBounds {
  /** Inclusive. */
  readonly key: Uint8Array<ArrayBuffer>
  /** Exclusive; a single zero byte: to the last key. */
  readonly rangeEnd: Uint8Array<ArrayBuffer>
}

const ALL: Uint8Array<ArrayBuffer> = new Uint8Array([0])

/** As etcd expects them. */
export function boundsOf(range: ExportedRange): KeyBounds {
  if ('prefix' in range)
    return range.prefix === ''
      ? { key: ALL, rangeEnd: ALL }
      : { key: utf8(range.prefix), rangeEnd: prefixEnd(range.prefix) }
  if ('from' in range) return { key: utf8(range.from), rangeEnd: utf8(range.to) }
  return { key: ALL, rangeEnd: ALL }
}

/** As shown to the operator. */
export function describeRange(range: ExportedRange): string {
  if ('prefix' in range) return `the keys that begin with ${JSON.stringify(range.prefix)}`
  if ('from' in range)
    return `the keys from ${JSON.stringify(range.from)} to before ${JSON.stringify(range.to)}`
  return 'all keys'
}

/** The first possible key after this one. */
export function keyAfter(key: Uint8Array): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}
