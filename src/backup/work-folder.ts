/** A private folder for a store in the open: gone when it is disposed of, or with the next run if this one is killed. */
import { mkdir, mkdtemp, readdir, rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'

/** `.backup-<pid>-<random>` */
const OURS = /^\.backup-(?<pid>\d+)-/

/** Left free besides, in bytes. */
const MARGIN_BYTES = 64 * 1024 ** 2

export interface WorkFolder extends AsyncDisposable {
  /** Absolute path; mode 700. */
  readonly path: string
}

/** What killed runs left beside it is removed. @param parent absolute path; made if need be */
export async function workFolder(parent: string): Promise<WorkFolder> {
  await mkdir(parent, { recursive: true, mode: 0o700 })
  for (const name of await readdir(parent)) {
    const pid = OURS.exec(name)?.groups?.['pid']
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(path.join(parent, name), { recursive: true, force: true })
  }
  const folder = await mkdtemp(path.join(parent, `.backup-${process.pid}-`))
  return {
    path: folder,
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  }
}

/** @param what for the message: `to open the backup` @throws QuorateError `state` with the numbers */
export async function requireRoom(folder: string, bytes: number, what: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= bytes + MARGIN_BYTES) return
  const [free, wanted] = [bavail * bsize, bytes + MARGIN_BYTES].map((size) => Math.ceil(size / 1024 ** 2))
  throw new QuorateError(
    'state',
    `no room ${what} in ${path.dirname(folder)}: ${free} MiB are free, ${wanted} are wanted`,
    {
      hint: 'make room there, or have the state folder elsewhere (state in the cluster file); nothing was changed',
    },
  )
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // There, but another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
