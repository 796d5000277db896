/** Splits a stream of bytes into lines. */
import { notAnExport } from './format.ts'

/** Far more than a line with the largest value that etcd accepts: a longer line means that it isn't an export. */
const LONGEST_LINE_BYTES = 64 * 1024 ** 2
const NEWLINE = 10

/**
 * Each with its newline; the rest after the last newline is a line without one.
 *
 * @throws QuorateError `backup` for a line that is too long
 */
export async function* linesOf(
  source: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let partial: Uint8Array[] = []
  let length = 0
  for await (const chunk of source) {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...partial, chunk.subarray(from, at + 1)])
      partial = []
      length = 0
      from = at + 1
    }
    partial.push(chunk.subarray(from))
    length += chunk.length - from
    if (length > LONGEST_LINE_BYTES) throw notAnExport(name, 'not an export: a line is too long')
  }
  if (length > 0) yield Buffer.concat(partial)
}
