/** A private folder for a store in the open: gone when it is disposed of, or with the next run if this one is killed. */
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { type TemporaryFolder, draftFolderBeside, sweep } from '../files/temporary.ts'

/** What versions before this one called theirs. */
const EARLIER = /^\.backup-\d+-[A-Za-z0-9]{6}$/

/** What killed runs left beside it is removed. @param parent absolute path; made if need be */
export async function workFolder(parent: string): Promise<TemporaryFolder> {
  await mkdir(parent, { recursive: true, mode: 0o700 })
  await sweep(parent, EARLIER)
  const folder = await draftFolderBeside(path.join(parent, 'backup'))
  return {
    path: folder,
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  }
}
