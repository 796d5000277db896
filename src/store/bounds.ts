/** How much of what a store says is read: whoever can write to a bucket, or answers in its place, must not fill memory. */
import { QuorateError } from '../errors.ts'
import { formatBytes } from '../spec/units.ts'

/** Files of a store, others' among them. */
export const MOST_FILES = 100_000

/** Of a page a service sends up to 1,000 names; one that sends empty pages without an end is stopped here. */
export const MOST_PAGES = 1_000

/** Of a small text beside a backup, in bytes; ours have a few KiB. */
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
