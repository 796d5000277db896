/** Reads the lines of an export: checks each as it arrives, and the whole at the end. */
import { createHash } from 'node:crypto'
import { type ExportLine, FORMAT_VERSION, damagedExport, notAnExport, parseLine } from './format.ts'
import { asText } from './text.ts'
import { linesOf } from './lines.ts'
import { counted } from '../spec/units.ts'

/**
 * Its lines are only verified at the end: read all of it before you change anything.
 *
 * @param name of the file, for messages
 * @throws QuorateError `backup` if it isn't an export, is truncated, or was changed.
 */
export async function* readExport(
  source: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<ExportLine, void, undefined> {
  const sum = createHash('sha256')
  const leases = new Set<bigint>()
  let [number, keys] = [0, 0]
  let last: Uint8Array | undefined
  let ended = false
  for await (const bytes of linesOf(source, name)) {
    number += 1
    const where = `${name}:${number}`
    if (ended) throw damagedExport(where, 'there is more behind its end')
    if (bytes.at(-1) !== 10) throw damagedExport(where, 'it was cut short in the middle of this line')
    const text = asText(bytes)
    if (text === undefined) throw notAnExport(where, 'not a line of an export: it is not UTF-8')
    const line = parseLine(text, where)
    if ((number === 1) !== (line.kind === 'header'))
      throw notAnExport(
        where,
        number === 1 ? 'it does not begin as an export does' : 'this line begins the export a second time',
      )
    if (line.kind === 'header' && line.header.version !== FORMAT_VERSION)
      throw notAnExport(
        where,
        `its version is ${line.header.version}, and this quorate reads ${FORMAT_VERSION}`,
      )
    if (line.kind === 'lease') leases.add(line.lease.id)
    if (line.kind === 'key') {
      const { key, lease } = line.entry
      if (last !== undefined && Buffer.compare(last, key) >= 0)
        throw damagedExport(where, 'this key does not come after the one before it')
      if (lease !== 0n && !leases.has(lease))
        throw damagedExport(where, 'no earlier line describes its lease')
      last = key
      keys += 1
    }
    if (line.kind === 'end') {
      const { end } = line
      if (end.keys !== keys || end.leases !== leases.size)
        throw damagedExport(
          where,
          `it says that it has ${counted(end.keys, 'key')} and ${counted(end.leases, 'lease')}, but there are ${keys} and ${leases.size}`,
        )
      if (end.sha256 !== sum.digest('hex'))
        throw damagedExport(where, 'its checksum does not match: it was changed after the export')
      ended = true
    } else sum.update(bytes)
    yield line
  }
  if (number === 0) throw notAnExport(name, 'it is empty')
  if (!ended) throw damagedExport(name, `it was cut short after line ${number}`)
}
