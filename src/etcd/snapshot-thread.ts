/**
 * Reads a member's keyspace in a separate thread with its own connection. TLS, HTTP/2 and etcd's checksum take as long
 * as everything else that is done with it. Pieces are passed on without copying, and their memory is returned for the
 * next ones.
 */
import { on } from 'node:events'
import { Worker } from 'node:worker_threads'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from './client.ts'
import type { MemberEndpoint } from './endpoint.ts'
import { type PackedError, unpackError } from './packed-error.ts'
import { type SnapshotPiece, type SnapshotSum, streamSnapshot } from './snapshot-stream.ts'

/** A thread that doesn't stop when requested is terminated after this time, in ms. */
const PATIENCE_MS = 2_000

/** The young generation of the thread's heap, in MiB: with more, copied messages would wait longer to be collected. */
const YOUNG_MIB = 4

export interface ThreadData {
  readonly endpoint: MemberEndpoint
}

export type FromThread =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'piece'
      readonly memory: ArrayBuffer
      readonly bytes: number
      readonly totalBytes: number
    }
  | { readonly kind: 'end'; readonly sum: SnapshotSum }
  | { readonly kind: 'failed'; readonly error: PackedError }

/** Memory of a piece, for reuse. */
export type ToThread = ArrayBuffer | 'stop'

/**
 * Like `streamSnapshot`, which it uses if the client has no endpoint or no thread is available: slower, but equivalent.
 * @param program for tests
 * @throws QuorateError as `streamSnapshot`; `state` if the thread ends before it is finished
 */
export async function* streamSnapshotAside(
  client: MemberClient,
  signal: AbortSignal | undefined,
  program?: string | URL,
): AsyncGenerator<SnapshotPiece, SnapshotSum> {
  const thread = client.endpoint && (await startThread(client.endpoint, signal, program))
  if (thread === undefined) return yield* streamSnapshot(client, signal)
  try {
    for (;;) {
      const message = await thread.next()
      if (message === undefined) throw new Error('it ended')
      if (message.kind === 'end') return message.sum
      if (message.kind === 'failed') throw unpackError(message.error)
      if (message.kind !== 'piece') continue
      const { memory, bytes, totalBytes } = message
      yield { data: Buffer.from(memory, 0, bytes), totalBytes }
      thread.giveBack(memory)
    }
  } catch (error) {
    if (error instanceof QuorateError) throw error
    if (signal?.aborted === true) {
      throw new QuorateError('cancelled', 'canceled while waiting for etcd', {
        host: client.name,
        cause: error,
      })
    }
    throw QuorateError.from(error, 'state', `the thread that reads the database of ${client.name} failed`, {
      host: client.name,
      hint: 'check the free memory of this workstation, then rerun the command (the partial snapshot was deleted)',
    })
  } finally {
    await thread.stop()
  }
}

interface Thread {
  /** undefined: it has ended. @throws the error that it ended with, and the signal's reason */
  next(): Promise<FromThread | undefined>
  giveBack(memory: ArrayBuffer): void
  /** Resolves when it has ended. */
  stop(): Promise<void>
}

/** undefined: none is available. */
async function startThread(
  endpoint: MemberEndpoint,
  signal: AbortSignal | undefined,
  program: string | URL | undefined,
): Promise<Thread | undefined> {
  let thread: Thread
  try {
    thread = open(program ?? (await import('./snapshot-thread-program.ts')).program, { endpoint }, signal)
  } catch {
    return undefined
  }
  const first = await thread.next().catch(() => undefined)
  if (first?.kind === 'ready') return thread
  await thread.stop()
  return undefined
}

function open(program: string | URL, workerData: ThreadData, signal: AbortSignal | undefined): Thread {
  const worker = new Worker(program, {
    eval: typeof program === 'string',
    workerData,
    // Without this process's environment, which may contain credentials.
    env: {},
    // Copied messages are collected early, while they are few.
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
  })
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  // `on` reports why it ended. Without a listener, a later error would end the process.
  worker.on('error', () => undefined)
  const messages = on(worker, 'message', { close: ['exit'], ...(signal === undefined ? {} : { signal }) })
  return {
    next: async () => {
      const { done, value } = await messages.next()
      return done === true ? undefined : (value as [FromThread])[0]
    },
    giveBack: (memory) => worker.postMessage(memory satisfies ToThread, [memory]),
    stop: async () => {
      await messages.return?.()
      worker.postMessage('stop' satisfies ToThread, [])
      const patience = setTimeout(() => void worker.terminate(), PATIENCE_MS)
      await gone
      clearTimeout(patience)
    },
  }
}
