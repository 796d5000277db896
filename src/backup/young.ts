/** Clears away what is young on the heap before V8 would. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * The memory of buffers lies outside of V8's heap, and what holds them there is so little that V8 sees no reason to look
 * at what is young: it waits for 64 MiB of them to gather, and then looks at everything. A look at the young takes a
 * millisecond.
 *
 * @returns to be called from time to time; does nothing where this V8 offers no such thing
 */
export function youngCollector(): () => void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('globalThis.gc')
  setFlagsFromString('--no-expose-gc')
  return typeof collect === 'function' ? () => void collect({ type: 'minor' }) : () => undefined
}
