/**
 * Reads files that a user names, or that another user may have replaced: with a size limit, and without
 * blocking. A named pipe, a device or a socket in place of a file is an error at once.
 */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type ErrorCode, QuorateError } from '../errors.ts'
import { formatBytes } from '../spec/units.ts'

/** Maximum size of text: more than any file that quorate reads whole. */
export const MOST_TEXT_BYTES = 4 * 1024 ** 2

export interface ReadOptions {
  /** Code of the error if it isn't a file, or is too long. `state` by default. */
  readonly code?: ErrorCode | undefined
  readonly maxBytes?: number | undefined
}

/**
 * What the shell passes: `/dev/stdin`, and `<(command)` as `/dev/fd/63`. Reading these may block, as the user
 * chose.
 */
const HANDED_OVER = /^\/(?:dev\/(?:stdin|fd\/\d+)|proc\/(?:self|\d+)\/fd\/\d+)$/

/**
 * Opens it for reading, if it is a regular file or was passed by the shell.
 *
 * @throws QuorateError for anything else; the system's error if it can't be opened
 */
export async function openForReading(file: string, options: ReadOptions = {}): Promise<FileHandle> {
  if (HANDED_OVER.test(file)) return await open(file, constants.O_RDONLY)
  // Opening a named pipe would block until a process writes to it; for a regular file the flag has no effect.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const found = await handle.stat()
    if (found.isFile()) return handle
    // The error that read(2) would give, for callers with their own message.
    if (found.isDirectory())
      throw Object.assign(new Error(`${file} is a directory, not a file`), { code: 'EISDIR' })
    throw new QuorateError(options.code ?? 'state', `${file} is ${kindOf(found)}, not a file`)
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Checks that it can be read, for files that are read later, by another program or in chunks. @throws as above */
export async function requireReadable(file: string, options: ReadOptions = {}): Promise<void> {
  await using handle = await openForReading(file, options)
  void handle
}

/** All of it. @throws as `openForReading`; QuorateError if it is longer than `maxBytes` */
export async function readBytes(file: string, options: ReadOptions = {}): Promise<Buffer> {
  await using handle = await openForReading(file, options)
  return await readFrom(handle, file, options)
}

/** Like `readBytes`, decoded as UTF-8. */
export async function readText(file: string, options: ReadOptions = {}): Promise<string> {
  return (await readBytes(file, options)).toString('utf8')
}

/**
 * The content of an open file from its current position. Its size is not trusted: it may grow, and a stream
 * has none.
 */
export async function readFrom(handle: FileHandle, file: string, options: ReadOptions = {}): Promise<Buffer> {
  const { code = 'state', maxBytes = MOST_TEXT_BYTES } = options
  const { size } = await handle.stat()
  const pieces: Buffer[] = []
  for (let length = 0; ;) {
    if (Math.max(size, length) > maxBytes) {
      throw new QuorateError(code, `${file} is longer than ${formatBytes(maxBytes)}`, {
        hint: 'check that it is the right file',
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
