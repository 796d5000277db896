/**
 * One operator at a time: a lock on every machine of the cluster, held by a session that lives only as long as we do.
 *
 * A holder that dies takes its session along, and the lock is free within a moment. A holder whose computer vanished stops
 * beating, and after `SILENCE_SECONDS` somebody else may take over; the fence in every change then refuses the first.
 */
import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import { underwayBlock } from '../plan/underway.ts'
import type { Remote } from '../ssh/remote.ts'
import type { Emit } from './events.ts'
import holderScript from './lock-holder.sh?raw'
import script from './lock.sh?raw'

const BEAT_MS = 5_000
const SILENCE_SECONDS = 30

/** How long to go on trying, in ms, and the least pause between two tries. */
const PATIENCE_MS = 1_500
const PAUSE_MS = 250

export interface Lock extends AsyncDisposable {
  /** What `fence` compares on each machine before anything is changed. */
  readonly token: string
  /** Aborts when the lock is lost while we hold it. */
  readonly lost: AbortSignal
}

export interface LockRequest {
  readonly remotes: readonly Remote[]
  /** The verb, for the other operator's message. */
  readonly purpose: string
  readonly now: Date
  readonly emit: Emit
  readonly signal?: AbortSignal | undefined
  /** The verb (`recover`, `restore`) that goes on with what machines are marked with; any other is refused there. */
  readonly finishes?: string | undefined
}

/**
 * Tries for a second or two: a holder that was killed this moment gives the lock back as soon as its connection has run dry,
 * and of two who began together, one goes first.
 *
 * @throws QuorateError `locked` if somebody holds it on any machine: who, for what, since when; `blocked` where a machine
 *   is marked as in the midst of something that another verb must finish. Nothing is kept then.
 */
export async function acquireLock(request: LockRequest): Promise<Lock> {
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await tryLock(request)
    } catch (error) {
      const held = error instanceof QuorateError && error.code === 'locked'
      if (!held || performance.now() > until) throw error
      await sleep(PAUSE_MS * (1 + Math.random()), undefined, { signal: request.signal })
    }
  }
}

/**
 * Who is at work, as the error that `acquireLock` would throw; undefined: nobody, or nobody any more after a second or two.
 * Takes nothing from anybody. A machine that does not tell is left out.
 */
export async function whoIsAtWork(
  remotes: readonly Remote[],
  signal: AbortSignal,
): Promise<QuorateError | undefined> {
  const argv = ['sh', '-c', holderScript, 'quorate-lock']
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    const looks = remotes.map(async (remote) => (await remote.run({ argv, root: true, signal })).stdout)
    const answers = await Promise.allSettled(looks)
    const [held] = answers.flatMap((answer, index) =>
      answer.status === 'rejected' ? [] : heldBy(answer.value, remotes[index]?.host ?? ''),
    )
    if (held === undefined || performance.now() > until) return held
    await sleep(PAUSE_MS, undefined, { signal })
  }
}

async function tryLock(request: LockRequest): Promise<Lock> {
  const token = randomBytes(16).toString('hex')
  const holder = `${userInfo().username}@${hostname()} (${request.purpose}) since ${request.now.toISOString()}`
  const lost = new AbortController()
  const sessions = request.remotes.map((remote) =>
    hold(remote, [token, holder, String(SILENCE_SECONDS)], { lost, finishes: request.finishes }),
  )
  const release = async () => {
    await Promise.all(sessions.map(async (session) => await session.release()))
  }
  const answers = await Promise.allSettled(sessions.map(async (session) => await session.answer))
  const troubles = answers.flatMap((answer, index) => refusal(answer, request.remotes[index]?.host ?? ''))
  const [trouble] = troubles
  if (trouble !== undefined) {
    await release()
    throw trouble
  }
  for (const [index, answer] of answers.entries()) {
    if (answer.status === 'fulfilled' && answer.value.startsWith('took-over ')) {
      const host = request.remotes[index]?.host
      const text = `${answer.value.slice('took-over '.length)} held the lock there and is gone: taken over`
      request.emit({ type: 'note', host, text })
    }
  }
  return { token, lost: lost.signal, [Symbol.asyncDispose]: release }
}

function refusal(answer: PromiseSettledResult<string>, host: string): unknown[] {
  return answer.status === 'rejected' ? [answer.reason] : heldBy(answer.value, host)
}

function heldBy(line: string, host: string): QuorateError[] {
  const held = /^held (\d+) (.*)$/m.exec(line)
  if (held === null || Number(held[1]) > SILENCE_SECONDS) return []
  const message = `another operator is at work on this cluster: ${held[2]}, last heard of ${held[1]} s ago`
  const hint = `wait until that is done, or end it; a holder that is gone is taken over after ${SILENCE_SECONDS} s`
  return [new QuorateError('locked', message, { host, hint })]
}

/** `underway VERB COMMAND` of another verb than the one that is at work. */
function underwayReason(line: string, finishes: string | undefined): { verb: string; command: string }[] {
  const [, verb = '', command = ''] = /^underway (\S*) (.*)$/.exec(line) ?? []
  return line.startsWith('underway ') && verb !== finishes ? [{ verb, command }] : []
}

function blockedBy([mark]: readonly { verb: string; command: string }[], host: string): QuorateError {
  const { message, hint } = underwayBlock(mark ?? { verb: '', command: '' }, host)
  return new QuorateError('blocked', message, { host, hint })
}

interface Session {
  /** The machine's first line; rejects if the session ends without one. */
  readonly answer: Promise<string>
  release(): Promise<void>
}

interface Terms {
  readonly lost: AbortController
  readonly finishes: string | undefined
}

function hold(remote: Remote, words: readonly string[], { lost, finishes }: Terms): Session {
  const input = new PassThrough()
  let releasing = false
  let answered = false
  const { promise: answer, resolve, reject } = Promise.withResolvers<string>()
  let text = ''
  const session = async () => {
    const result = await remote.run({
      argv: ['sh', '-c', script, 'quorate-lock', ...words],
      root: true,
      stdin: input,
      onStdout: (piece) => {
        text += piece
        const lines = text.split('\n').slice(0, -1)
        const found = lines.find((line) => !line.startsWith('underway '))
        if (found === undefined || answered) return
        answered = true
        const unfinished = lines.flatMap((line) => underwayReason(line, finishes))
        if (unfinished.length > 0) reject(blockedBy(unfinished, remote.host))
        else resolve(found)
      },
    })
    if (releasing || /^held /m.test(text)) return
    throw new Error(result.stderr.trim() || `the session that holds the lock ended with ${result.exitCode}`)
  }
  const ended = session().catch((error: unknown) => {
    const trouble = QuorateError.from(error, 'command', 'the lock there failed', { host: remote.host })
    reject(trouble)
    if (answered && !releasing) lost.abort(trouble)
  })
  const beat = setInterval(() => input.write('\n'), BEAT_MS)
  beat.unref()
  return {
    answer,
    release: async () => {
      releasing = true
      clearInterval(beat)
      input.end()
      await ended
    },
  }
}
