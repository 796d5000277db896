/** Backups in a directory of this workstation: private files that are complete and on disk, or don't exist. */
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  statfs,
  unlink,
} from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { readText } from '../files/read-file.ts'
import { MOST_TEXT_BYTES, requireFew } from './bounds.ts'
import { isAlive, startOf } from './alive.ts'
import type { BackupStore, PutOptions, StoredFile } from './store.ts'
import { formatBytes } from '../spec/units.ts'

/** Space that must stay free, in bytes: a full disk would affect everything else on the host. */
const MARGIN_BYTES = 64 * 1024 ** 2

/** Encryption returns small pieces, and each write costs a switch to another thread and back. */
const AT_ONCE_BYTES = 1024 ** 2

/** Flushes to disk while more data arrives: flushing everything at the end would block for seconds. */
const SYNC_BYTES = 64 * 1024 ** 2

/** `.NAME.<pid>-<its start>-<random>.part`: incomplete. Names of earlier versions have no start. */
const PART = /^\.(?<name>.+)\.(?<pid>\d+)(?:-(?<start>\d+))?-[0-9a-f]{12}\.part$/

/**
 * If a part's name has no start time, its process ID may be reused. Such a part is a leftover if it is older than this,
 * in ms.
 */
const PART_LIFE_MS = 24 * 3_600_000

/**
 * Creates the directory if only its last component is missing, and removes parts that crashed runs left in it.
 * @throws QuorateError `store`: it can't be used, or every user may write to it
 */
export async function openDirectoryStore(folder: string): Promise<BackupStore> {
  await prepare(folder)
  await removeAbandoned(folder)
  const at = (name: string) => path.join(folder, checked(name))
  return {
    title: folder,
    list: async () => await listFiles(folder),
    put: async (name, body, options = {}) => await put(folder, at(name), body, options),
    get: async (name) => await get(folder, at(name)),
    write: async (name, text) => await write(at(name), text),
    read: async (name) =>
      await readText(at(name), { code: 'store', maxBytes: MOST_TEXT_BYTES }).catch(ifMissing),
    remove: async (name) => {
      await unlink(at(name)).catch(failed(`${at(name)} can't be removed`))
      await syncFolder(folder)
    },
    [Symbol.dispose]: () => undefined,
  }
}

async function prepare(folder: string): Promise<void> {
  const found = await lstat(folder).catch(ifMissing)
  if (found === undefined) {
    await mkdir(folder, { mode: 0o700 }).catch(
      failed(`can't create the backup directory ${folder}`, 'create it, or choose another one with --store'),
    )
    return
  }
  const real = found.isSymbolicLink() ? await lstat(path.join(folder, '.')) : found
  if (!real.isDirectory())
    throw new QuorateError('store', `${folder} is not a directory`, {
      id: 'not-a-directory',
      hint: 'choose another one with --store',
    })
  if ((real.mode & 0o022) !== 0) {
    throw new QuorateError(
      'store',
      `users other than its owner can write to ${folder}, and could replace backups`,
      {
        id: 'others-can-replace-backups',
        hint: `chmod go-w ${folder}`,
      },
    )
  }
}

async function listFiles(folder: string): Promise<readonly StoredFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(failed(`${folder} can't be read`))
  requireFew(folder, entries.length)
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
  const found = await Promise.all(
    files.map(async ({ name }): Promise<StoredFile[]> => {
      // Removed in the meantime: treated as missing.
      const stats = await lstat(path.join(folder, name)).catch(ifMissing)
      return stats === undefined ? [] : [{ name, sizeBytes: stats.size, modifiedAt: stats.mtime }]
    }),
  )
  return found.flat()
}

async function put(
  folder: string,
  file: string,
  body: AsyncIterable<Uint8Array>,
  { expectedBytes = 0, signal }: PutOptions,
): Promise<{ readonly sizeBytes: number }> {
  await requireRoom(folder, expectedBytes)
  const part = await partOf(file)
  try {
    let sizeBytes = 0
    {
      await using handle = await open(part, 'wx', 0o600).catch(failed(`${part} can't be written`))
      let waiting: Uint8Array[] = []
      let waitingBytes = 0
      let unsyncedBytes = 0
      let syncing: Promise<unknown> = Promise.resolve()
      const flush = async () => {
        await writeAll(handle, waiting).catch(full(folder))
        unsyncedBytes += waitingBytes
        waiting = []
        waitingBytes = 0
        if (unsyncedBytes < SYNC_BYTES) return
        await syncing
        syncing = handle.datasync().catch(full(folder))
        // The code that awaits it gets the error; if no code does, it is ignored.
        syncing.catch(() => undefined)
        unsyncedBytes = 0
      }
      for await (const piece of body) {
        signal?.throwIfAborted()
        waitingBytes += piece.length
        sizeBytes += piece.length
        const enough = waitingBytes >= AT_ONCE_BYTES
        // Its memory may be reused for the next piece.
        waiting.push(enough ? piece : Buffer.from(piece))
        if (enough) await flush()
      }
      await flush()
      await syncing
      await handle.sync().catch(full(folder))
    }
    // A link fails if a file of that name exists; a rename would replace it.
    await link(part, file).catch(notLinked(file))
    await unlink(part)
    await syncFolder(folder)
    return { sizeBytes }
  } finally {
    await rm(part, { force: true })
  }
}

async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  if (pieces.length === 0) return
  const wanted = pieces.reduce((sum, { length }) => sum + length, 0)
  const { bytesWritten } = await handle.writev(pieces)
  // A full disk accepts a part, and reports the error at the next attempt.
  if (bytesWritten < wanted) await handle.writeFile(Buffer.concat(pieces).subarray(bytesWritten))
}

async function get(folder: string, file: string): Promise<AsyncIterable<Uint8Array>> {
  const found = await lstat(file).catch(ifMissing)
  if (found?.isFile() === true) return createReadStream(file, { highWaterMark: 1024 ** 2 })
  throw new QuorateError('store', `there is no ${path.basename(file)} in ${folder}`, {
    id: 'no-such-file',
    hint: 'quorate backup list',
  })
}

async function write(file: string, text: string): Promise<void> {
  const part = await partOf(file)
  try {
    {
      await using handle = await open(part, 'wx', 0o600).catch(failed(`${part} can't be written`))
      await handle.writeFile(text).catch(full(path.dirname(file)))
      await handle.sync()
    }
    await rename(part, file)
    await syncFolder(path.dirname(file))
  } finally {
    await rm(part, { force: true })
  }
}

async function partOf(file: string): Promise<string> {
  const unique = `${process.pid}-${(await startOf(process.pid)) ?? 0}-${randomBytes(6).toString('hex')}`
  return path.join(path.dirname(file), `.${path.basename(file)}.${unique}.part`)
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(failed(`${folder} can't be read`))) {
    const { pid, start } = PART.exec(name)?.groups ?? {}
    if (pid === undefined) continue
    const file = path.join(folder, name)
    if (!(await isInUse(file, Number(pid), start))) await rm(file, { force: true })
  }
}

/** Checks the process itself, not only the age: after a jump of the clock, a file that is being written could look old. */
async function isInUse(file: string, pid: number, start: string | undefined): Promise<boolean> {
  if (!isAlive(pid)) return false
  const present = await startOf(pid)
  if (start !== undefined && present !== undefined) return start === present
  const found = await lstat(file).catch(ifMissing)
  return found === undefined || Date.now() - found.mtimeMs <= PART_LIFE_MS
}

async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder).catch(failed(`${folder} can't be read`))
  if (bavail * bsize >= bytes + MARGIN_BYTES) return
  const [free, wanted] = [bavail * bsize, bytes + MARGIN_BYTES].map(formatBytes)
  throw new QuorateError('store', `no room in ${folder}: ${free} are free, ${wanted} may be wanted`, {
    id: 'no-room',
    hint: 'free space (quorate backup prune), or choose another location with --store; existing backups are unchanged',
  })
}

/** A name without path components. */
function checked(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return name
  throw new QuorateError('store', `${JSON.stringify(name)} is not the name of a backup`, {
    hint: 'quorate backup list',
  })
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}

function ifMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
  throw QuorateError.from(error, 'store', "can't use the backup directory")
}

function notLinked(file: string): (error: unknown) => never {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') failed(`can't name ${file}: the file system must support hard links`)(error)
    throw new QuorateError('store', `${file} already exists and is not replaced`, {
      hint: 'run it again: the name has the time in it',
    })
  }
}

function failed(what: string, hint?: string): (error: unknown) => never {
  return (error) => {
    throw QuorateError.from(error, 'store', what, { hint })
  }
}

function full(folder: string): (error: unknown) => never {
  return failed(
    `writing to ${folder} failed`,
    'free space, or choose another location with --store; existing backups are unchanged',
  )
}
