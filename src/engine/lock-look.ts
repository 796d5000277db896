/** Reads the lock on nodes, and reports its holder. Never takes a lock away. */
import { QuorateError } from '../errors.ts'
import type { Remote } from '../ssh/remote.ts'
import type { Emit } from './events.ts'
import holderScript from './lock-holder.sh?raw'
import { type LockReading, type LockState, SILENCE_SECONDS, type LockObservation } from './lock-reading.ts'
import { judgeLock, readHeld, observationOf } from './lock-reading.ts'
import shared from './lock-state.sh?raw'
import { type Looked, until } from '../wait/until.ts'

/** How long to retry another operator's lock before reporting it, in ms. */
export const PATIENCE_MS = 1_500
const PAUSE_MS = 250

/** How long to watch locks whose holder may be gone, in ms: twice the time that an unchanged one needs. */
export const WATCH_MS = 2 * SILENCE_SECONDS * 1_000
const LOOK_MS = 1_000

export interface HeldLock {
  readonly reading: LockReading
  readonly state: LockState
}

/** @returns undefined: the lock is free. @throws QuorateError `command` if the node doesn't report it */
export async function lookAtLock(
  remote: Remote,
  signal: AbortSignal | undefined,
): Promise<LockReading | undefined> {
  const argv = ['sh', '-c', `${shared}${holderScript}`, 'quorate-lock']
  const { stdout, stderr, exitCode } = await remote.run({ argv, root: true, signal })
  if (exitCode === 0) return readHeld(stdout, remote.host)
  throw new QuorateError('command', stderr.trim() || `reading the lock failed with exit code ${exitCode}`, {
    host: remote.host,
  })
}

/**
 * Watches locks until it is known whether each lock holder is alive, for `WATCH_MS` at most. Stops as soon as one holder
 * is alive. Leaves out locks that are released in the meantime.
 */
export async function watchLocks(
  remotes: readonly Remote[],
  held: readonly LockReading[],
  { emit, signal }: { readonly emit: Emit; readonly signal?: AbortSignal | undefined },
): Promise<readonly HeldLock[]> {
  const watched = remotes.filter(({ host }) => held.some((reading) => reading.host === host))
  const observations = new Map<string, LockObservation>()
  let readings = held
  const look = async (attempt: number): Promise<Looked<readonly HeldLock[], readonly HeldLock[]>> => {
    if (attempt > 1) {
      const found = await Promise.all(watched.map(async (remote) => await lookAtLock(remote, signal)))
      readings = found.filter((reading) => reading !== undefined)
    }
    const now = performance.now()
    const locks = readings.map((reading) => {
      const observation = observationOf(reading, observations.get(reading.host), now)
      observations.set(reading.host, observation)
      return { reading, state: judgeLock(observation, now) }
    })
    const unsure = locks.find(({ state }) => state.state === 'unsure')
    const beats = locks.some(({ state }) => state.state === 'beats')
    if (unsure === undefined || beats) return { found: locks }
    const { reading } = unsure
    if (attempt === 1)
      emit({ type: 'note', id: 'lock-watched', host: reading.host, text: watchText(reading) })
    return { missing: locks }
  }
  return await until(look, { ms: WATCH_MS, everyMs: LOOK_MS, signal, late: (locks) => locks })
}

function watchText({ who }: LockReading): string {
  return `unknown whether the lock holder is alive (${named(who)}): watching its lock for ${SILENCE_SECONDS} s`
}

/**
 * The lock holder, as the error that `acquireLock` would throw; undefined: no holder, or none after a second or two.
 * Leaves out nodes that don't answer.
 */
export async function whoIsAtWork(
  remotes: readonly Remote[],
  signal: AbortSignal,
): Promise<QuorateError | undefined> {
  const look = async (): Promise<Looked<QuorateError | undefined, HeldLock>> => {
    const answers = await Promise.allSettled(remotes.map(async (remote) => await lookAtLock(remote, signal)))
    const now = performance.now()
    const [held] = answers.flatMap((answer) => {
      if (answer.status === 'rejected' || answer.value === undefined) return []
      const state = judgeLock(observationOf(answer.value, undefined, now), now)
      return seemsAtWork(answer.value, state) ? [{ reading: answer.value, state }] : []
    })
    return held === undefined ? { found: undefined } : { missing: held }
  }
  return await until(look, { ms: PATIENCE_MS, everyMs: PAUSE_MS, signal, late: (held) => heldBy(held) })
}

/** A lock of an earlier version is judged by its own timestamp, which is enough for a message. */
function seemsAtWork({ wallSeconds }: LockReading, state: LockState): boolean {
  if (state.state === 'unsure') return !state.ahead && wallSeconds >= 0 && wallSeconds <= SILENCE_SECONDS
  return state.state === 'beats'
}

/** `locked`, with a fix. */
export function heldBy({ reading: { who, host }, state }: HeldLock): QuorateError {
  const last =
    state.state === 'unsure' ? 'last heartbeat unknown' : `last heartbeat ${state.silentSeconds} s ago`
  return new QuorateError(
    'locked',
    `another operator holds the lock of this cluster: ${named(who)}, ${last}`,
    {
      host,
      id: 'another-operator-holds-the-lock',
      hint: 'wait until that command ends, or stop it on its own workstation; if its workstation crashed: quorate unlock',
    },
  )
}

export function named(who: string | undefined): string {
  return who === undefined || who === '' ? 'an unknown operator' : who
}
