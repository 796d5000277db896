/**
 * A file of the workstation as a program's standard input. The program reads the file itself: passing it
 * through this process costs three times the processor time.
 */
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'

export interface InputFile {
  /** Absolute path. */
  readonly file: string
  /** Called a few times a second with the number of bytes read; never on a system without /proc. */
  readonly onRead?: ((bytes: number) => void) | undefined
}

const WATCH_MS = 250

export function isInputFile(input: unknown): input is InputFile {
  return typeof input === 'object' && input !== null && 'file' in input
}

/** Opens the file at its beginning; the process that gets the descriptor reads it. @throws the system's error */
export async function openInput({
  file,
  onRead,
}: InputFile): Promise<AsyncDisposable & { readonly fd: number }> {
  const handle = await open(file)
  const { fd } = handle
  // The position belongs to the open file, whichever process reads it.
  const watching =
    onRead !== undefined && process.platform === 'linux'
      ? setInterval(() => onRead(Number(/^pos:\s*(\d+)/.exec(position(fd))?.[1] ?? 0)), WATCH_MS)
      : undefined
  return {
    fd,
    [Symbol.asyncDispose]: async () => {
      clearInterval(watching)
      await handle.close()
    },
  }
}

function position(fd: number): string {
  return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
}

/** The same through this process, for an input that begins with something else. */
export async function* readInput({ file }: InputFile): AsyncGenerator<Uint8Array> {
  yield* readPieces(file)
}

/** How much of a file is in memory at a time. */
const PIECE_BYTES = 512 * 1024

/**
 * The file in pieces, up to this size in bytes. All of them use the same memory: a new buffer for each one would leave as
 * much garbage as the file is long, and with several nodes tens of megabytes exist before any is collected.
 */
export async function* readPieces(file: string, size = Infinity): AsyncGenerator<Uint8Array> {
  await using handle = await open(file)
  const memory = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, size))
  for (let left = size; left > 0;) {
    const { bytesRead } = await handle.read(memory, 0, Math.min(memory.length, left))
    if (bytesRead === 0) return
    left -= bytesRead
    yield memory.subarray(0, bytesRead)
  }
}
