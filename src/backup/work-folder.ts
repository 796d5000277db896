/** A private directory for an unencrypted keyspace. It is removed on disposal, or by the next run if this one is killed. */
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { type TemporaryFolder, draftFolderBeside, sweep } from '../files/temporary.ts'

/** How earlier versions called theirs. */
const EARLIER = /^\.backup-\d+-[A-Za-z0-9]{6}$/

/** Also removes what killed runs left in the same directory. @param parent absolute path; created if it is missing */
export async function workFolder(parent: string): Promise<TemporaryFolder> {
  await mkdir(parent, { recursive: true, mode: 0o700 })
  await sweep(parent, EARLIER)
  const folder = await draftFolderBeside(path.join(parent, 'backup'))
  return {
    path: folder,
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  }
}
