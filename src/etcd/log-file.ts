/**
 * Parses a file of etcd's write-ahead log: which member's it is, how far its log goes, and whether it is complete.
 *
 * Source of the format: etcd's server/storage/wal (decoder.go, encoder.go, walpb/record.proto) and raft's raftpb. Each
 * record is a length and a protobuf `Record`. The length is in the lower 56 bits. If the highest bit is set, the lowest
 * three bits of the top byte are the number of padding bytes. Checksums are chained over all records of all files.
 * Zeros follow the last record.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { crc32c } from './crc32c.ts'
import type { V2Requests } from '../spec/version-facts.ts'

const METADATA = 1
const ENTRY = 2
const STATE = 3
const SUM = 4
const SNAPSHOT = 5

/** Methods of the v2 store. */
const METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'DELETE', 'QGET', 'SYNC'])

/** What members write themselves; keys of clients are below /1. */
const OWN_PATH = /^\/0\/(version|members\/[0-9a-f]{1,16}\/attributes)$/

const HEAD_BYTES = 8
/** The unit that a disk writes: if a record has a sector with only zeros, a power failure interrupted its write. */
const SECTOR_BYTES = 512

export interface LogFile {
  readonly identity: { readonly memberId: bigint; readonly clusterId: bigint } | undefined
  /** Raft's last recorded hard state. */
  readonly state: HardState | undefined
  /** The last appended entry; undefined: this file has none. */
  readonly last: Place | undefined
  /**
   * The last entries that are requests of the v2 store, which members up to 3.5 also write when they start; undefined:
   * none.
   */
  readonly v2: Readonly<Record<V2Requests, Place | undefined>>
  /** Whether this member is a learner, by the last entry or snapshot about its vote; undefined: this file has none. */
  readonly learner: boolean | undefined
  /** The newest snapshot that this file mentions. */
  readonly snapshot: Snapshot | undefined
  /** Where the next record would be written, in bytes from the file's start. */
  readonly end: number
  /** The chained checksum of everything before it. */
  readonly sum: number
  /**
   * `torn`: the last write was interrupted, so it was never acknowledged. `damaged`: data that had been written is
   * missing.
   */
  readonly trouble: { readonly kind: 'torn' | 'damaged'; readonly message: string } | undefined
}

export interface HardState {
  readonly term: bigint
  readonly vote: bigint
  /**
   * What the member knew to be committed. More may be: a leader reports its last acknowledged writes to followers
   * later.
   */
  readonly commit: bigint
}

/** An entry's position in the log. */
export interface Place {
  readonly term: bigint
  readonly index: bigint
}

interface Snapshot extends Place {
  readonly voters: readonly bigint[]
  readonly learners: readonly bigint[]
}

/** Of this member, from this index on. */
interface Vote {
  readonly index: bigint
  readonly learner: boolean
}

export function readLogFile(bytes: Uint8Array): LogFile {
  let identity: LogFile['identity']
  let state: LogFile['state']
  let last: LogFile['last']
  let v2: LogFile['v2'] = { any: undefined, clients: undefined }
  let snapshot: LogFile['snapshot']
  let votes: readonly Vote[] = []
  let end = 0
  let sum = 0
  let trouble: LogFile['trouble']
  while (trouble === undefined) {
    const found = recordAt(bytes, end)
    if (found === undefined) break
    if ('kind' in found) {
      trouble = found
      break
    }
    const { type, data, crc } = found
    if (type === SUM) {
      // A file starts with the checksum of the files before it.
      if (sum !== 0 && crc !== sum) trouble = damaged(end)
      sum = crc
    } else {
      const next = crc32c(data, sum)
      if (next !== crc) {
        trouble = isTorn(bytes, found) ? torn(end) : damaged(end)
        break
      }
      sum = next
    }
    if (type === METADATA && data.length > 0) identity = readIdentity(data)
    if (type === STATE) state = readState(data)
    // An entry with a lower index replaces all entries from there on.
    if (type === ENTRY) {
      const fields = readFields(data)
      last = { term: numberIn(fields, 2), index: numberIn(fields, 3) }
      const from = v2Origin(fields.get(4)?.at(-1))
      if (from !== undefined) v2 = { any: last, clients: from === 'client' ? last : v2.clients }
      votes = votesAfter(votes, fields, identity?.memberId)
    }
    if (type === SNAPSHOT) {
      snapshot = readSnapshot(data)
      votes = [...votes, ...voteIn(snapshot, identity?.memberId)]
    }
    end = found.end
  }
  const learner = votes.toSorted((a, b) => Number(a.index - b.index)).at(-1)?.learner
  return { identity, state, last, v2, learner, snapshot, end, sum, trouble }
}

/** A record that makes a log count as committed up to `state.commit`: to be appended to a copy of its last file. */
export function stateRecord(state: HardState, sumBefore: number): Uint8Array {
  const writer = new BinaryWriter()
  writer.uint32(8).uint64(state.term).uint32(16).uint64(state.vote).uint32(24).uint64(state.commit)
  const data = writer.finish()
  const record = new BinaryWriter()
    .uint32(8)
    .int64(STATE)
    .uint32(16)
    .uint32(crc32c(data, sumBefore))
    .uint32(26)
    .bytes(data)
    .finish()
  const padding = (8 - (record.length % 8)) % 8
  const framed = Buffer.alloc(HEAD_BYTES + record.length + padding)
  framed.writeUIntLE(record.length, 0, 6)
  framed[7] = padding === 0 ? 0 : 0x80 | padding
  framed.set(record, HEAD_BYTES)
  return framed
}

interface Found {
  readonly type: number
  readonly crc: number
  readonly data: Uint8Array
  /** Where its bytes start, after its length, and where the next record starts. */
  readonly start: number
  readonly end: number
}

/** undefined: the log ends here. */
function recordAt(bytes: Uint8Array, at: number): Found | LogFile['trouble'] {
  if (at + HEAD_BYTES > bytes.length) return undefined
  const view = Buffer.from(bytes.buffer, bytes.byteOffset + at, HEAD_BYTES)
  const top = view[7] ?? 0
  const length = view.readUIntLE(0, 6)
  if (length === 0 && top === 0) return undefined
  const padding = (top & 0x80) === 0 ? 0 : top & 7
  const start = at + HEAD_BYTES
  const end = start + length + padding
  // Files are allocated in advance: one that ends within a record was truncated.
  if (end > bytes.length) return damaged(at)
  try {
    return { ...readRecord(bytes.subarray(start, start + length)), start, end }
  } catch {
    return isTorn(bytes, { start, end }) ? torn(at) : damaged(at)
  }
}

function isTorn(bytes: Uint8Array, { start, end }: Pick<Found, 'start' | 'end'>): boolean {
  for (let from = start; from < end;) {
    const to = Math.min(end, (Math.floor(from / SECTOR_BYTES) + 1) * SECTOR_BYTES)
    if (bytes.subarray(from, to).every((byte) => byte === 0)) return true
    from = to
  }
  return false
}

function torn(at: number): NonNullable<LogFile['trouble']> {
  return { kind: 'torn', message: `the last record, at byte ${at}, is incomplete` }
}

function damaged(at: number): NonNullable<LogFile['trouble']> {
  return { kind: 'damaged', message: `the record at byte ${at} is damaged or truncated` }
}

function readRecord(bytes: Uint8Array): Pick<Found, 'type' | 'crc' | 'data'> {
  const fields = readFields(bytes)
  const data = fields.get(3)?.at(-1)
  return {
    type: Number(numberIn(fields, 1)),
    crc: Number(numberIn(fields, 2)),
    data: data instanceof Uint8Array ? data : new Uint8Array(),
  }
}

function readIdentity(data: Uint8Array): NonNullable<LogFile['identity']> {
  const fields = readFields(data)
  return { memberId: numberIn(fields, 1), clusterId: numberIn(fields, 2) }
}

function readState(data: Uint8Array): HardState {
  const fields = readFields(data)
  return { term: numberIn(fields, 1), vote: numberIn(fields, 2), commit: numberIn(fields, 3) }
}

/**
 * The author of a request of the v2 store; undefined: it isn't one. Such a request is a plain `Request` with a method
 * and a path. Requests of v3 have a number and another message (etcd's raft_internal.proto).
 */
function v2Origin(data: bigint | Uint8Array | undefined): 'client' | 'member' | undefined {
  if (!(data instanceof Uint8Array) || data.length === 0) return undefined
  try {
    const reader = new BinaryReader(data)
    // Requests of v3 can be long: reads only as far as needed.
    const text = (wanted: number) => {
      const [number, wire] = reader.tag()
      if (number === wanted && wire === WireType.LengthDelimited)
        return Buffer.from(reader.bytes()).toString('latin1')
      reader.skip(wire)
      return undefined
    }
    const method = text(2) ?? text(2)
    if (method === undefined || !METHODS.has(method)) return undefined
    return method === 'PUT' && OWN_PATH.test(text(3) ?? '') ? 'member' : 'client'
  } catch {
    // Not a valid message.
    return undefined
  }
}

function readSnapshot(data: Uint8Array): Snapshot {
  const fields = readFields(data)
  const [members] = fields.get(3) ?? []
  const state: Fields = members instanceof Uint8Array ? readFields(members) : new Map()
  const ids = (number: number) => (state.get(number) ?? []).filter((id) => typeof id === 'bigint')
  return { index: numberIn(fields, 1), term: numberIn(fields, 2), voters: ids(1), learners: ids(2) }
}

/** raft's `Entry` of a change of the members, and etcd's `ConfChange` in it: its type, and whom it is about. */
const MEMBER_CHANGE = 1n
const ADD_VOTER = 0n
const ADD_LEARNER = 3n

/** What is known of this member's vote once an entry is appended, which takes the place of all from its index on. */
function votesAfter(votes: readonly Vote[], entry: Fields, memberId: bigint | undefined): readonly Vote[] {
  const index = numberIn(entry, 3)
  const kept = votes.some((vote) => vote.index >= index) ? votes.filter((vote) => vote.index < index) : votes
  const change = entry.get(4)?.at(-1)
  if (numberIn(entry, 1) !== MEMBER_CHANGE || !(change instanceof Uint8Array)) return kept
  const fields = readFields(change)
  const type = numberIn(fields, 2)
  if (numberIn(fields, 3) !== memberId || (type !== ADD_VOTER && type !== ADD_LEARNER)) return kept
  return [...kept, { index, learner: type === ADD_LEARNER }]
}

/** etcd before 3.5 writes no members there. */
function voteIn({ index, voters, learners }: Snapshot, memberId: bigint | undefined): readonly Vote[] {
  if (memberId === undefined || ![...voters, ...learners].includes(memberId)) return []
  return [{ index, learner: learners.includes(memberId) }]
}

type Fields = ReadonlyMap<number, readonly (bigint | Uint8Array)[]>

/** Numbers and bytes by field number: these messages have nothing else. @throws Error for invalid protobuf */
function readFields(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes)
  const fields = new Map<number, (bigint | Uint8Array)[]>()
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag()
    const values = fields.get(number) ?? []
    fields.set(number, values)
    if (wire === WireType.Varint) values.push(BigInt.asUintN(64, BigInt(reader.uint64())))
    else if (wire === WireType.LengthDelimited) values.push(reader.bytes())
    else reader.skip(wire)
  }
  return fields
}

function numberIn(fields: Fields, number: number): bigint {
  const value = fields.get(number)?.at(-1)
  return typeof value === 'bigint' ? value : 0n
}
