/**
 * A file of the workstation as a program's standard input. The program reads it itself: what passes through this process
 * instead costs three times the processor time.
 */
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'

export interface InputFile {
  /** Absolute path. */
  readonly file: string
  /** How many bytes of it were read, a few times a second; not where the system has no /proc. */
  readonly onRead?: ((bytes: number) => void) | undefined
}

const WATCH_MS = 250

export function isInputFile(input: unknown): input is InputFile {
  return typeof input === 'object' && input !== null && 'file' in input
}

/** Opened anew, at its beginning, and read by whoever is given the descriptor. @throws the system's error */
export async function openInput({
  file,
  onRead,
}: InputFile): Promise<AsyncDisposable & { readonly fd: number }> {
  const handle = await open(file)
  const { fd } = handle
  // The position is that of the open file, whoever reads it.
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

/** The same by way of this process, for an input that begins with something else. */
export async function* readInput({ file }: InputFile): AsyncGenerator<Uint8Array> {
  await using handle = await open(file)
  yield* Readable.from(handle.createReadStream({ highWaterMark: 512 * 1024, autoClose: false }))
}
