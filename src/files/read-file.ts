/**
 * Files that a user names, or that lie where others may have put something else: read with a bound, and without waiting
 * for what never comes. A named pipe, a device or a socket in place of a file is an error at once.
 */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type ErrorCode, QuorateError } from '../errors.ts'
import { formatBytes } from '../spec/units.ts'

/** Of text: more than anything that quorate reads whole needs. */
export const MOST_TEXT_BYTES = 4 * 1024 ** 2

export interface ReadOptions {
  /** Of the error for what is no file, or too long. `state` unless given. */
  readonly code?: ErrorCode | undefined
  readonly maxBytes?: number | undefined
}

/** What the shell hands over: `/dev/stdin`, and `<(command)` as `/dev/fd/63`. Whoever names it has chosen to wait for it. */
const HANDED_OVER = /^\/(?:dev\/(?:stdin|fd\/\d+)|proc\/(?:self|\d+)\/fd\/\d+)$/

/**
 * Opened for reading, if it is a regular file or was handed over by the shell.
 *
 * @throws QuorateError for anything else; the system's error if it can't be opened
 */
export async function openForReading(file: string, options: ReadOptions = {}): Promise<FileHandle> {
  if (HANDED_OVER.test(file)) return await open(file, constants.O_RDONLY)
  // A named pipe would keep us until somebody writes to it; of a regular file the flag means nothing.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const found = await handle.stat()
    if (found.isFile()) return handle
    // As read(2) would say it, for those who have a word of their own for it.
    if (found.isDirectory())
      throw Object.assign(new Error(`${file} is a directory, not a file`), { code: 'EISDIR' })
    throw new QuorateError(options.code ?? 'state', `${file} is ${kindOf(found)}, not a file`)
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Looks whether it could be read, for what is read later, by another program or piece by piece. @throws as above */
export async function requireReadable(file: string, options: ReadOptions = {}): Promise<void> {
  await using handle = await openForReading(file, options)
  void handle
}

/** All of it. @throws as `openForReading`; QuorateError if it is longer than `maxBytes` */
export async function readBytes(file: string, options: ReadOptions = {}): Promise<Buffer> {
  await using handle = await openForReading(file, options)
  return await readFrom(handle, file, options)
}

/** As `readBytes`, taken for UTF-8. */
export async function readText(file: string, options: ReadOptions = {}): Promise<string> {
  return (await readBytes(file, options)).toString('utf8')
}

/** What is in an open file, from where it stands. Its size is not believed: it may grow, and a stream has none. */
export async function readFrom(handle: FileHandle, file: string, options: ReadOptions = {}): Promise<Buffer> {
  const { code = 'state', maxBytes = MOST_TEXT_BYTES } = options
  const { size } = await handle.stat()
  const pieces: Buffer[] = []
  for (let length = 0; ;) {
    if (Math.max(size, length) > maxBytes) {
      throw new QuorateError(code, `${file} is longer than ${formatBytes(maxBytes)}`, {
        hint: 'is it the right file?',
      })
    }
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(64 * 1024), 0, 64 * 1024, null)
    if (bytesRead === 0) return Buffer.concat(pieces)
    pieces.push(buffer.subarray(0, bytesRead))
    length += bytesRead
  }
}

function kindOf(found: Stats): string {
  if (found.isFIFO()) return 'a named pipe'
  return found.isSocket() ? 'a socket' : 'a device'
}
