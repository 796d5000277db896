/**
 * How long each operation of the agent may take on a machine: generous, since what is cut off must be done again, but
 * never for ever. What is looked at has `LOOK_MS` of `ssh/limits.ts`.
 */
import { LOOK_MS, type Patience } from '../ssh/limits.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Also of what a systemctl waits for: units that don't stop are killed after 90 s. */
const USUAL_MS = 5 * MINUTE

/** What takes as long as there is data, packages or people's units. */
const LONG: Readonly<Record<string, number>> = {
  packages: 30 * MINUTE,
  aside: 30 * MINUTE,
  remove: 30 * MINUTE,
  restore_halt: 15 * MINUTE,
  recover_halt: 15 * MINUTE,
  restore_discard: 30 * MINUTE,
  restore_stage: 6 * HOUR,
  recover_drop: 30 * MINUTE,
  recover_copy: 6 * HOUR,
  recover_run: 6 * HOUR,
  recover_make: 6 * HOUR,
  recover_done: 30 * MINUTE,
}

/** Slower than this an upload counts as stuck, in bytes a second. */
const SLOWEST_UPLOAD = 16 * 1024

/** Where an operation says how many seconds of its own it waits. */
const SECONDS_AT: Readonly<Record<string, number>> = { ready: 2, restart: 2, start: 2, stop: 2 }

/** @param words the operation's name and its words, contents by the names under which they arrive */
export function operationPatience([name = '', ...words]: readonly string[]): Patience {
  return { asked: describe(name, words), ms: timeFor(name, words) }
}

/** @param looks their names: `facts`, `member` */
export function lookPatience(looks: readonly string[]): Patience {
  return { asked: `look at its state (${looks.join(', ')})`, ms: LOOK_MS }
}

function timeFor(name: string, words: readonly string[]): number {
  if (name === 'receive') {
    const bytes = words.slice(1).reduce((sum, size) => sum + Number(size), 0)
    return USUAL_MS + (bytes / SLOWEST_UPLOAD) * SECOND
  }
  const own = Number(words[(SECONDS_AT[name] ?? 0) - 1] ?? 0)
  return (LONG[name] ?? USUAL_MS) + (Number.isFinite(own) ? own * SECOND : 0)
}

/** `directory /opt/etcd`, `ready etcd.service`: the first word that says more than the name does. */
function describe(name: string, words: readonly string[]): string {
  const subject = words.find((word) => word.startsWith('/') || word.endsWith('.service'))
  const what = name.replaceAll('_', ' ')
  return subject === undefined ? what : `${what} ${subject}`
}
