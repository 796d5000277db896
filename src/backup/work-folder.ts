/** A private folder for a store in the open: gone when it is disposed of, or with the next run if this one is killed. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { isAlive } from '../store/alive.ts'

/** `.backup-<pid>-<random>` */
const OURS = /^\.backup-(?<pid>\d+)-/

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
