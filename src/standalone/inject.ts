/**
 * Puts a program's blob into a Node.js binary, where Node.js looks for it when it starts (nodejs.org, Single executable
 * applications). The blob is an ELF note named NODE_SEA_BLOB in its own segment, and a fuse in the binary is switched
 * on. The rest of the binary stays unchanged. The table of program headers has no space for two more. As patchelf does
 * it, a copy of the table goes to the file's end, before the note.
 */
import { QuorateError } from '../errors.ts'

const NOTE_NAME = Buffer.from('NODE_SEA_BLOB\0')
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/** ELF64, little-endian (elf.h): sizes and offsets in bytes. */
const HEADER = { programHeadersAt: 32, entrySize: 54, entryCount: 56 } as const
const ENTRY_BYTES = 56
const TYPE = { load: 1, note: 4, headers: 6 } as const
const READABLE = 4

/** The largest page of the processors that Node.js is built for. */
const PAGE_BYTES = 0x1_0000

/** Why a file can't be used, as text that follows its name. */
export const UNFIT = {
  kind: 'is not a 64-bit Linux program',
  noPlace: 'has no place for a program (it is linked with a shared libnode)',
  taken: 'carries a program already',
} as const

export type Unfit = (typeof UNFIT)[keyof typeof UNFIT]

/** undefined: it can be used. */
export function unfit(node: Buffer): Unfit | undefined {
  const isElf64 = node.toString('latin1', 0, 4) === '\x7fELF' && node[4] === 2 && node[5] === 1
  if (!isElf64) return UNFIT.kind
  const fuse = fuseOf(node)
  if (fuse === -1) return UNFIT.noPlace
  return node.toString('latin1', fuse, fuse + 1) === '0' ? undefined : UNFIT.taken
}

/**
 * A Node.js binary that runs the blob instead of a script: the pieces of the new file, in order.
 *
 * @param node a whole Node.js binary; changed in place, since it is large
 * @param blob as `node --experimental-sea-config` of the same version writes it
 * @throws QuorateError `artifact` if the binary can't contain a blob
 */
export function injectBlob(node: Buffer, blob: Buffer): readonly Buffer[] {
  const reason = unfit(node)
  if (reason !== undefined) throw new QuorateError('artifact', `the Node.js binary ${reason}`)
  const entries = readEntries(node)
  const loads = entries.filter((entry) => typeOf(entry) === TYPE.load)
  const [first] = loads
  if (first === undefined) throw new QuorateError('artifact', 'the Node.js binary has nothing to load')
  const base = address(first) - fileOffset(first)
  const memoryEnd = loads.reduce((end, entry) => max(end, address(entry) + memorySize(entry)), 0n)
  // Kernels before 5.18 expect the table at the first segment's address plus its offset in the file.
  const at = roundUp(max(BigInt(node.length), memoryEnd - base), PAGE_BYTES)
  const tableBytes = (entries.length + 2) * ENTRY_BYTES
  const note = noteOf(blob)
  const segment = { at, address: base + at }
  const moved = entries.map((entry) =>
    typeOf(entry) === TYPE.headers ? entryOf(TYPE.headers, segment, tableBytes, 8) : entry,
  )
  const last = moved.findLastIndex((entry) => typeOf(entry) === TYPE.load)
  const table = [
    ...moved.slice(0, last + 1),
    // Loadable segments must be in the order of their addresses.
    entryOf(TYPE.load, segment, tableBytes + note.length, PAGE_BYTES),
    ...moved.slice(last + 1),
    entryOf(TYPE.note, shifted(segment, tableBytes), note.length, 4),
  ]
  node.write('1', fuseOf(node), 'latin1')
  node.writeBigUInt64LE(at, HEADER.programHeadersAt)
  node.writeUInt16LE(table.length, HEADER.entryCount)
  return [node, Buffer.alloc(Number(at) - node.length), ...table, note]
}

/** The offset of the character after the fuse's name; -1: not found. */
function fuseOf(node: Buffer): number {
  const at = node.indexOf(`${FUSE}:`)
  return at === -1 ? -1 : at + FUSE.length + 1
}

interface Place {
  /** In the file. */
  readonly at: bigint
  /** In memory. */
  readonly address: bigint
}

function shifted({ at, address: where }: Place, bytes: number): Place {
  return { at: at + BigInt(bytes), address: where + BigInt(bytes) }
}

function readEntries(node: Buffer): readonly Buffer[] {
  const start = Number(node.readBigUInt64LE(HEADER.programHeadersAt))
  const size = node.readUInt16LE(HEADER.entrySize)
  if (size !== ENTRY_BYTES) throw new QuorateError('artifact', 'the Node.js binary is not as ELF64 has it')
  return Array.from({ length: node.readUInt16LE(HEADER.entryCount) }, (_, index) =>
    node.subarray(start + index * size, start + (index + 1) * size),
  )
}

function entryOf(type: number, { at, address: where }: Place, bytes: number, align: number): Buffer {
  const entry = Buffer.alloc(ENTRY_BYTES)
  entry.writeUInt32LE(type, 0)
  entry.writeUInt32LE(READABLE, 4)
  for (const [index, value] of [at, where, where, bytes, bytes, align].entries()) {
    entry.writeBigUInt64LE(BigInt(value), 8 + index * 8)
  }
  return entry
}

/** Its header, its name and the blob, each padded to four bytes. */
function noteOf(blob: Buffer): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt32LE(NOTE_NAME.length, 0)
  header.writeUInt32LE(blob.length, 4)
  return Buffer.concat([header, filled(NOTE_NAME), filled(blob)])
}

function filled(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)])
}

function typeOf(entry: Buffer): number {
  return entry.readUInt32LE(0)
}

function fileOffset(entry: Buffer): bigint {
  return entry.readBigUInt64LE(8)
}

function address(entry: Buffer): bigint {
  return entry.readBigUInt64LE(16)
}

function memorySize(entry: Buffer): bigint {
  return entry.readBigUInt64LE(40)
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function roundUp(value: bigint, to: number): bigint {
  const size = BigInt(to)
  return ((value + size - 1n) / size) * size
}
