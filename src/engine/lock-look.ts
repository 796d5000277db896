/** Looks at the lock on machines, and tells of its holder. Takes nothing from anybody. */
import { QuorateError } from '../errors.ts'
import type { Remote } from '../ssh/remote.ts'
import type { Emit } from './events.ts'
import holderScript from './lock-holder.sh?raw'
import { type LockReading, type LockState, SILENCE_SECONDS, type LockObservation } from './lock-reading.ts'
import { judgeLock, readHeld, observationOf } from './lock-reading.ts'
import shared from './lock-state.sh?raw'
import { type Looked, until } from '../wait/until.ts'

/** For how long another operator's lock is tried again, in ms, before that counts as an answer. */
export const PATIENCE_MS = 1_500
const PAUSE_MS = 250

/** How long, in ms, locks are watched whose holder may be gone: twice what one that stays the same takes. */
export const WATCH_MS = 2 * SILENCE_SECONDS * 1_000
const LOOK_MS = 1_000

export interface HeldLock {
  readonly reading: LockReading
  readonly state: LockState
}

/** @returns undefined: nobody holds it. @throws QuorateError `command` for a machine that can't tell */
export async function lookAtLock(
  remote: Remote,
  signal: AbortSignal | undefined,
): Promise<LockReading | undefined> {
  const argv = ['sh', '-c', `${shared}${holderScript}`, 'quorate-lock']
  const { stdout, stderr, exitCode } = await remote.run({ argv, root: true, signal })
  if (exitCode === 0) return readHeld(stdout, remote.host)
  throw new QuorateError(
    'command',
    stderr.trim() || `the look at the lock ended with exit code ${exitCode}`,
    {
      host: remote.host,
    },
  )
}

/**
 * Looks at locks until it is known of each whether its holder is at work, for `WATCH_MS` at most; no longer than until one
 * is seen to be. Those that are given back in the meantime are left out.
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
    if (attempt === 1) emit({ type: 'note', host: unsure.reading.host, text: watchText(unsure.reading) })
    return { missing: locks }
  }
  return await until(look, { ms: WATCH_MS, everyMs: LOOK_MS, signal, late: (locks) => locks })
}

function watchText({ who }: LockReading): string {
  return `when ${named(who)} last gave a sign of life is unknown: watching its lock for ${SILENCE_SECONDS} s`
}

/**
 * Who is at work, as the error that `acquireLock` would throw; undefined: nobody, or nobody any more after a second or two.
 * A machine that does not tell is left out.
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

/** Of a lock that an earlier version wrote, its own measure has to do: nothing is taken away here. */
function seemsAtWork({ wallSeconds }: LockReading, state: LockState): boolean {
  if (state.state === 'unsure') return !state.ahead && wallSeconds >= 0 && wallSeconds <= SILENCE_SECONDS
  return state.state === 'beats'
}

/** `locked`, with what can be done about it. */
export function heldBy({ reading: { who, host }, state }: HeldLock): QuorateError {
  const last =
    state.state === 'unsure'
      ? 'when it last gave a sign of life is unknown'
      : `last heard of ${state.silentSeconds} s ago`
  const message = `another operator is at work on this cluster: ${named(who)}, ${last}`
  const hint =
    'wait until it is done, or end it where it runs; if a dead operator left the lock: quorate unlock'
  return new QuorateError('locked', message, { host, hint })
}

export function named(who: string | undefined): string {
  return who === undefined || who === '' ? 'an unknown operator' : who
}
