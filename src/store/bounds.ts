/**
 * Limits for what is read from a backup location. An attacker who can write to a bucket, or who answers in its place,
 * must not be able to fill the memory.
 */
import { QuorateError } from '../errors.ts'
import { formatBytes } from '../spec/units.ts'

/** Files in a backup location, including files of others. */
export const MOST_FILES = 100_000

/** A service sends up to 1,000 names a page. This stops one that sends empty pages forever. */
export const MOST_PAGES = 1_000

/** Of a small text next to a backup, in bytes; quorate's have a few KiB. */
export const MOST_TEXT_BYTES = 1024 ** 2

/** @throws QuorateError `store` for more files than that */
export function requireFew(title: string, files: number, pages = 0): void {
  if (files <= MOST_FILES && pages <= MOST_PAGES) return
  throw new QuorateError('store', `${title} lists more than ${MOST_FILES} files`, {
    hint: 'keep backups apart from other files: another prefix, or another directory',
  })
}

/** @throws QuorateError `store` for a longer one */
export async function shortText(
  body: AsyncIterable<Uint8Array>,
  title: string,
  name: string,
): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.length
    if (bytes > MOST_TEXT_BYTES) {
      throw new QuorateError('store', `${name} in ${title} has more than ${formatBytes(MOST_TEXT_BYTES)}`, {
        hint: 'check who can write to the backup location: quorate wrote nothing of that size',
      })
    }
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}
