/**
 * One operator at a time: a lock on every node of the cluster, held by an SSH session that ends with this process.
 *
 * If the holder dies, its session ends, and the lock is free within a moment. If its workstation disappears, the heartbeat
 * stops. After `SILENCE_SECONDS` of the node's uptime another operator takes over, and the fence in every change then
 * refuses the first one. Nodes report the lock, `lock-reading.ts` judges it, and only that exact lock is taken over.
 */
import { type AgentReply, type AgentRun, runAgent } from '../host/agent.ts'
import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { PassThrough } from 'node:stream'
import { QuorateError } from '../errors.ts'
import { detailsFor } from '../host/hint.ts'
import { underwayBlock } from './underway.ts'
import type { Remote } from '../ssh/remote.ts'
import type { Emit } from './events.ts'
import { PATIENCE_MS, WATCH_MS, heldBy, named, watchLocks } from './lock-look.ts'
import { type LockReading, holderText, readHeld } from './lock-reading.ts'
import shared from './lock-state.sh?raw'
import script from './lock.sh?raw'
import { type Looked, until } from '../wait/until.ts'

const BEAT_MS = 5_000
/** How long to wait for a heartbeat of another lock holder. */
const PROOF_MS = 2 * BEAT_MS

/** How long a node may take to grant or refuse the lock, and to release it, in ms. */
const ANSWER_MS = 30_000
const RELEASE_MS = 10_000

/** The minimum pause between two attempts, in ms. */
const PAUSE_MS = 250

/** Maximum length of a holder's description, in characters. */
const ANSWER_LENGTH = 65_536

/** The only way to change a node. */
export interface Lock extends AsyncDisposable {
  /**
   * One round trip to a node, under the fence: the node compares its lock with this one before each operation. Ends
   * when the lock is lost, or with the run's own signal. Only the engine calls it: for steps (`wave.ts`) and errands
   * (`errand.ts`).
   *
   * @throws QuorateError as `runAgent`
   */
  work(remote: Remote, run: AgentRun): Promise<AgentReply>
  /** Aborts when the lock is lost before it was released. */
  readonly lost: AbortSignal
}

export interface LockRequest {
  readonly remotes: readonly Remote[]
  /** The command, for the other operator's message. */
  readonly purpose: string
  readonly now: Date
  readonly emit: Emit
  readonly signal?: AbortSignal | undefined
  /** The command (`recover`, `restore`) that continues an operation marked on nodes; any other is refused. */
  readonly finishes?: string | undefined
}

/**
 * Retries until a new heartbeat proves that the holder is alive: one that was just killed releases the lock when its
 * connection closes, which takes seconds on a busy node. Of two that start together, one goes first. A lock of unknown age
 * is watched until its age is known.
 *
 * @throws QuorateError `locked` if another operator holds it on any node: who, which command, since when; `blocked` if a
 *   node has the marker of an operation that another command must complete. Then no lock is kept.
 */
export async function acquireLock(request: LockRequest): Promise<Lock> {
  const { remotes, emit, signal } = request
  const started = performance.now()
  const firstBeats = new Map<string, string>()
  let left: readonly LockReading[] = []
  const look = async (): Promise<Looked<Lock, undefined>> => {
    const answer = await tryLock(request, left)
    if ('lock' in answer) return { found: answer.lock }
    for (const { id, beat } of answer.held) if (!firstBeats.has(id)) firstBeats.set(id, beat)
    const locks = await watchLocks(remotes, answer.held, { emit, signal })
    const waited = performance.now() - started
    const beating = locks.filter(({ state }) => state.state === 'beats')
    const alive = beating.find(
      ({ reading: { id, beat } }) => firstBeats.has(id) && firstBeats.get(id) !== beat,
    )
    if (alive !== undefined && waited > PATIENCE_MS) throw heldBy(alive)
    if (beating[0] !== undefined && waited > PROOF_MS) throw heldBy(beating[0])
    // A node that reports another lock each time gets no more time than one that reports the same.
    const [first] = locks
    if (first !== undefined && waited > WATCH_MS) throw heldBy(first)
    left = locks.filter(({ state }) => state.state === 'gone').map(({ reading }) => reading)
    return { missing: undefined }
  }
  // The watch itself has the timeouts, one for each kind of lock.
  return await until(look, {
    ms: Number.POSITIVE_INFINITY,
    everyMs: () => PAUSE_MS * (1 + Math.random()),
    signal,
    late: () => {
      throw new TypeError('there is no limit to be late for')
    },
  })
}

/** Either the lock, or the locks that others hold; then no lock is kept. @param left locks that may be taken over */
async function tryLock(
  request: LockRequest,
  left: readonly LockReading[],
): Promise<{ readonly lock: Lock } | { readonly held: readonly LockReading[] }> {
  const token = randomBytes(16).toString('hex')
  const holder = holderText(userInfo().username, hostname(), request.purpose, request.now)
  const lost = new AbortController()
  const sessions = request.remotes.map((remote) => {
    const { id = '', beat = '' } = left.find(({ host }) => host === remote.host) ?? {}
    const terms = { lost, finishes: request.finishes, signal: request.signal }
    return hold(remote, [token, holder, id, beat], terms)
  })
  const release = async () => {
    await Promise.all(sessions.map(async (session) => await session.release()))
  }
  const answers = await Promise.allSettled(sessions.map(async (session) => await session.answer))
  if (request.signal?.aborted) await release()
  request.signal?.throwIfAborted()
  const [obstacle] = answers.filter(
    (answer) => answer.status === 'rejected' || typeof answer.value === 'object',
  )
  if (obstacle !== undefined) {
    await release()
    if (obstacle.status === 'rejected') throw obstacle.reason
    return {
      held: answers.flatMap((answer) =>
        answer.status === 'fulfilled' && typeof answer.value === 'object' ? [answer.value] : [],
      ),
    }
  }
  for (const [index, answer] of answers.entries()) {
    if (answer.status !== 'fulfilled' || answer.value !== 'took-over') continue
    const host = request.remotes[index]?.host
    const who = left.find((reading) => reading.host === host)?.who
    const text = `took over the lock of ${named(who)}, which no longer runs`
    request.emit({ type: 'note', id: 'lock-taken-over', host, text })
  }
  const work = async (remote: Remote, run: AgentRun) => {
    const signal = AbortSignal.any([lost.signal, ...(run.signal === undefined ? [] : [run.signal])])
    return await runAgent(remote, { ...run, signal, fence: token })
  }
  return { lock: { work, lost: lost.signal, [Symbol.asyncDispose]: release } }
}

/** `underway VERB COMMAND` of a command other than the running one. */
function underwayReason(line: string, finishes: string | undefined): { verb: string; command: string }[] {
  const [, verb = '', command = ''] = /^underway (\S*) (.*)$/.exec(line) ?? []
  return line.startsWith('underway ') && verb !== finishes ? [{ verb, command }] : []
}

function blockedBy([mark]: readonly { verb: string; command: string }[], host: string): QuorateError {
  const { id, message, hint } = underwayBlock(mark ?? { verb: '', command: '' }, host)
  return new QuorateError('blocked', message, { id, host, hint })
}

/** This process already holds the lock of the same machine, as another node. */
function sameMachine(host: string): QuorateError {
  return new QuorateError('blocked', 'two nodes of the cluster file are the same machine', {
    id: 'same-machine',
    host,
    hint: 'give each node its own machine: compare `address` and `ssh.host` of the nodes in the cluster file',
  })
}

interface Session {
  /** The node's first answer; rejects if the session ends without one. */
  readonly answer: Promise<'locked' | 'took-over' | LockReading>
  release(): Promise<void>
}

interface Terms {
  readonly lost: AbortController
  readonly finishes: string | undefined
  /** The lock isn't awaited any more. */
  readonly signal: AbortSignal | undefined
}

function hold(remote: Remote, words: readonly string[], { lost, finishes, signal }: Terms): Session {
  const input = new PassThrough()
  let releasing = false
  let answered = false
  const { promise: answer, resolve, reject } = Promise.withResolvers<'locked' | 'took-over' | LockReading>()
  let text = ''
  // Don't wait for a node that hangs: without heartbeats, its lock expires.
  const givenUp = new AbortController()
  const stopWaiting = () => {
    if (!answered) givenUp.abort(signal?.reason)
  }
  signal?.addEventListener('abort', stopWaiting, { once: true })
  const asked = { asked: "take quorate's lock", ms: ANSWER_MS }
  const session = async () => {
    const result = await remote.run({
      argv: ['sh', '-c', `${shared}${script}`, 'quorate-lock', ...words],
      root: true,
      stdin: input,
      signal: givenUp.signal,
      patience: () => (answered ? undefined : asked),
      changes: true,
      onStdout: (piece) => {
        if (answered) return
        text += piece
        const lines = text.split('\n').slice(0, -1)
        const found = lines.find((line) => !line.startsWith('underway '))
        if (found === undefined && text.length < ANSWER_LENGTH) return
        answered = true
        const unfinished = lines.flatMap((line) => underwayReason(line, finishes))
        const held = readHeld(found ?? '', remote.host)
        if (unfinished.length > 0) reject(blockedBy(unfinished, remote.host))
        else if (held !== undefined) resolve(held)
        else if (found === 'ours') reject(sameMachine(remote.host))
        else if (found === 'locked' || found === 'took-over') resolve(found)
        else
          reject(
            new QuorateError('command', "the node's answer about the lock is invalid", { host: remote.host }),
          )
      },
    })
    if (releasing || text.startsWith('held ')) return
    const why = result.stderr.trim() || `the session ended with exit code ${result.exitCode}`
    const { host } = remote
    throw new QuorateError('command', `can't hold the lock: ${why}`, { host, ...detailsFor(host, result) })
  }
  const ended = session().catch((error: unknown) => {
    const trouble = QuorateError.from(error, 'command', "can't hold the lock", { host: remote.host })
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
      signal?.removeEventListener('abort', stopWaiting)
      input.end()
      const late = setTimeout(() => givenUp.abort(), RELEASE_MS)
      await ended
      clearTimeout(late)
    },
  }
}
