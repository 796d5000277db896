/** Creates a file that only its owner can read, complete or not at all. */
import { link, lstat, open, rm } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { draftBeside } from '../../files/temporary.ts'

/**
 * Writes the chunks to a new file of mode 600; never replaces one. Returns what `chunks` returns.
 *
 * @throws QuorateError `state` if the file exists, or can't be written; what `chunks` throws. In all cases no file is
 *   left.
 */
export async function writePrivateFile<T>(
  file: string,
  chunks: AsyncGenerator<string, T, undefined>,
): Promise<T> {
  await requireNew(file)
  const folder = path.dirname(file)
  const part = `${await draftBeside(file)}.part`
  const failed = (error: unknown) => QuorateError.from(error, 'state', `can't write ${file}`)
  try {
    let result: T
    {
      await using handle = await open(part, 'wx', 0o600).catch((error: unknown) => {
        throw failed(error)
      })
      for (;;) {
        const { done, value } = await chunks.next()
        if (done === true) {
          result = value
          break
        }
        await handle.writeFile(value).catch((error: unknown) => {
          throw failed(error)
        })
      }
      await handle.sync()
    }
    // Creating a link fails if the file was created since; a rename would replace it.
    await link(part, file).catch((error: unknown) => {
      throw failed(error)
    })
    await using place = await open(folder, 'r')
    await place.sync()
    return result
  } finally {
    await chunks.return(undefined as never)
    await rm(part, { force: true })
  }
}

async function requireNew(file: string): Promise<void> {
  const found = await lstat(file).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw QuorateError.from(error, 'state', `can't write ${file}`)
  })
  if (found === undefined) return
  throw new QuorateError('state', `${file} already exists and is not replaced`, {
    id: 'file-exists',
    hint: 'choose another file, or move that one away first',
  })
}
