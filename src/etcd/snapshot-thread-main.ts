/** What the thread of `snapshot-thread.ts` runs: reads a snapshot from its member, and passes it on in pieces of 1 MiB. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { connectMember } from './client.ts'
import { freeNow } from './free-now.ts'
import { packError } from './packed-error.ts'
import { PIECE_BYTES, type SnapshotMemory, streamSnapshot } from './snapshot-stream.ts'
import type { FromThread, ThreadData, ToThread } from './snapshot-thread.ts'

/** Pieces in transit at once. */
const PIECES = 4

async function run(port: MessagePort, { endpoint }: ThreadData): Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  const say = (message: FromThread, memory: ArrayBuffer[] = []) => port.postMessage(message, memory)
  const { supply, giveBack } = piecesOf(signal)
  // Each message has its own memory.
  const memory: SnapshotMemory = { supply, copied: freeNow }
  port.on('message', (message: ToThread) => {
    if (message === 'stop') stopping.abort()
    else giveBack(message)
  })
  say({ kind: 'ready' })
  try {
    using client = connectMember(endpoint)
    const pieces = streamSnapshot(client, signal, memory)
    for (;;) {
      const { done, value } = await pieces.next()
      if (done === true) {
        say({ kind: 'end', sum: value })
        break
      }
      const { data, totalBytes } = value
      const buffer = data.buffer as ArrayBuffer
      say({ kind: 'piece', memory: buffer, bytes: data.length, totalBytes }, [buffer])
    }
  } catch (error) {
    say({ kind: 'failed', error: packError(error) })
  } finally {
    port.close()
  }
}

/** Memory that goes to the other thread and comes back. A waiting caller is released after the signal. */
function piecesOf(signal: AbortSignal): {
  supply: SnapshotMemory['supply']
  giveBack: (memory: ArrayBuffer) => void
} {
  const free = Array.from({ length: PIECES }, () => new ArrayBuffer(PIECE_BYTES))
  let waiting = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => waiting.resolve())
  return {
    giveBack: (memory) => {
      free.push(memory)
      waiting.resolve()
    },
    supply: async () => {
      for (;;) {
        signal.throwIfAborted()
        const memory = free.pop()
        if (memory !== undefined) return Buffer.from(memory)
        waiting = Promise.withResolvers()
        await waiting.promise
      }
    },
  }
}

if (parentPort !== null) void run(parentPort, workerData as ThreadData)
