/** Free space for a keyspace on a disk of this workstation. */
import { statfs } from 'node:fs/promises'
import { QuorateError } from '../errors.ts'
import { formatBytes } from '../spec/units.ts'

/** Space that must stay free, in bytes: a full disk would affect everything else on the host. */
const MARGIN_BYTES = 64 * 1024 ** 2

/** @param what for the message: `for a snapshot` @throws QuorateError `state` with the numbers */
export async function requireRoom(folder: string, bytes: number, what: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= bytes + MARGIN_BYTES) return
  const [free, wanted] = [bavail * bsize, bytes + MARGIN_BYTES].map(formatBytes)
  const message = `not enough space ${what} in ${folder}: ${free} free, ${wanted} needed`
  throw new QuorateError('state', message, {
    id: 'no-space',
    hint: 'free space on that file system; or move the state directory (`state` in the cluster file)',
  })
}
