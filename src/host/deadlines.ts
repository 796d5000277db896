/**
 * How long each operation of the agent may take on a node. The limits are generous, because an interrupted
 * operation must be repeated. Looks have `LOOK_MS` of `ssh/limits.ts`.
 */
import { LOOK_MS, type Patience } from '../ssh/limits.ts'
import type { Values } from './operations.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Also the limit for what systemctl waits for: units that don't stop are killed after 90 s. */
const USUAL_MS = 5 * MINUTE

/** Operations whose time depends on data, packages or other units. */
const LONG: Readonly<Record<string, number>> = {
  packages: 30 * MINUTE,
  aside: 30 * MINUTE,
  remove: 30 * MINUTE,
  images: 30 * MINUTE,
  restore_halt: 15 * MINUTE,
  recover_halt: 15 * MINUTE,
  restore_discard: 30 * MINUTE,
  restore_unpack: 6 * HOUR,
  recover_drop: 30 * MINUTE,
  recover_copy: 6 * HOUR,
  recover_run: 6 * HOUR,
  recover_make: 6 * HOUR,
  recover_done: 30 * MINUTE,
}

/** An upload slower than this counts as stuck, in bytes per second. */
const SLOWEST_UPLOAD = 16 * 1024

/** @param values the operation's, by name */
export function operationPatience(name: string, values: Values = {}): Patience {
  return { asked: describe(name, values), ms: timeFor(name, values) }
}

/** @param looks their names: `facts`, `member` */
export function lookPatience(looks: readonly string[]): Patience {
  return { asked: `inspection of its state (${looks.join(', ')})`, ms: LOOK_MS }
}

/** The time that the operation itself waits (`seconds`, `delay`) is added. */
function timeFor(name: string, { sizes, seconds, delay }: Values): number {
  if (name === 'receive' && Array.isArray(sizes)) {
    const bytes = sizes.reduce((sum, size) => sum + Number(size), 0)
    return USUAL_MS + (bytes / SLOWEST_UPLOAD) * SECOND
  }
  const own = [seconds, delay].reduce<number>((sum, value) => sum + Number(value ?? 0), 0)
  return (LONG[name] ?? USUAL_MS) + own * SECOND
}

/** `directory /opt/etcd`, `ready etcd.service`: the first value that says more than the name does. */
function describe(name: string, values: Values): string {
  const subject = Object.values(values)
    .flatMap((value) => (typeof value === 'string' ? [value] : Array.isArray(value) ? value : []))
    .find((value) => value.startsWith('/') || value.endsWith('.service'))
  const what = name.replaceAll('_', ' ')
  return subject === undefined ? what : `${what} ${subject}`
}
