/** Runs V8's collector of young objects earlier than V8 would. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * The memory of buffers is outside V8's heap. The objects that hold it are so small that V8 waits for 64 MiB of them
 * before it collects anything, and then collects everything. Collecting the young ones takes a millisecond.
 *
 * @returns a function to call from time to time; it does nothing if this V8 doesn't support it
 */
export function youngCollector(): () => void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('globalThis.gc')
  setFlagsFromString('--no-expose-gc')
  return typeof collect === 'function' ? () => void collect({ type: 'minor' }) : () => undefined
}
