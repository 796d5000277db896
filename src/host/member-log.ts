/**
 * Reads how far a member's write-ahead log (WAL) goes from its files: starts nothing, writes nothing and
 * takes no lock.
 */
import path from 'node:path'
import { promisify } from 'node:util'
import { type ZlibOptions, gunzip } from 'node:zlib'
import { QuorateError } from '../errors.ts'
import { formatId } from '../etcd/id.ts'
import { type LogFile, readLogFile } from '../etcd/log-file.ts'
import type { V2Requests } from '../spec/version-facts.ts'
import type { Remote } from '../ssh/remote.ts'
import enter from './enter.sh?raw'
import logBytes from './log-bytes.sh?raw'
import logFiles from './log-files.sh?raw'
import { counted } from '../spec/units.ts'

const unzip = promisify(
  gunzip as (data: Buffer, options: ZlibOptions, done: (error: Error | null, result: Buffer) => void) => void,
)

/** etcd's WAL files have 64 MiB, and a last record of at most a few MiB. A longer file is not a WAL file. */
const MOST_BYTES = 160 * 1024 ** 2

/** Longer than any record: a request has 1.5 MiB at most by default. */
const CHUNK_BYTES = 4 * 1024 ** 2

/** How long the transfer of one file may take, in ms. */
const READ_MS = 30 * 60_000

export interface MemberLog {
  /** Hexadecimal, as etcdctl prints them; undefined: no file contains them. */
  readonly memberId: string | undefined
  readonly clusterId: string | undefined
  /** The last entry. Raft compares logs by its term, then its index. */
  readonly lastTerm: bigint
  readonly lastIndex: bigint
  /** The last entry that the member knew to be committed. */
  readonly commit: bigint
  /** The member's term. A member that stood for election alone may have raised it. */
  readonly term: bigint
  readonly vote: bigint
  /** True: its log says that it is a learner. False: that it has a vote, or the newest files say nothing. */
  readonly learner: boolean
  /** When the WAL was last written to. */
  readonly writtenAt: Date
  /** The end of the newest file: the position at which a record can be appended in a copy. */
  readonly tail: {
    readonly file: string
    readonly end: number
    readonly sum: number
    readonly sizeBytes: number
  }
  readonly trouble: LogFile['trouble']
}

export interface MemberData {
  /** undefined: there is no WAL, or it can't be read. */
  readonly log: MemberLog | undefined
  /** Why it can't be read. */
  readonly unreadable: string | undefined
  readonly database: { readonly sizeBytes: number; readonly writtenAt: Date } | undefined
}

interface Place {
  /** A parent directory of the WAL that belongs to root. */
  readonly base: string
  readonly folder: string
}

interface Segment {
  readonly name: string
  readonly sizeBytes: number
  readonly writtenAt: Date
}

/** @throws QuorateError where the node can't be asked */
export async function readMemberLog(
  remote: Remote,
  places: { readonly dataDirectory: string; readonly walDirectory: string },
  signal?: AbortSignal,
): Promise<MemberData> {
  const { dataDirectory: data, walDirectory: wal } = places
  const base = path.posix.dirname(wal.startsWith(`${data}/`) ? data : wal)
  const { stdout } = await remote.run({
    argv: ['sh', '-c', `${enter}${logFiles}`, 'log-files', data, wal, base],
    root: true,
    signal,
  })
  const { segments, database, strange } = parseFiles(stdout)
  if (strange !== undefined) {
    const unreadable = `${strange} is a symbolic link or leads through one: quorate doesn't follow it`
    return { log: undefined, unreadable, database }
  }
  const read = async (segment: Segment) =>
    readLogFile(await bytesOf(remote, { base, folder: wal, ...segment }, signal))
  const newest = segments.at(-1)
  if (newest === undefined) return { log: undefined, unreadable: undefined, database }
  const file = await read(newest)
  const before = segments.at(-2)
  // A file that was just created has no entry yet.
  const older = file.last === undefined && before !== undefined ? await read(before) : undefined
  const last = file.last ?? newer(older?.last, newer(file.snapshot, older?.snapshot))
  const state = file.state ?? older?.state
  const identity = file.identity ?? older?.identity
  if (last === undefined || state === undefined) {
    const unreadable = file.trouble?.message ?? 'it contains neither a term nor entries'
    return { log: undefined, unreadable: `${newest.name}: ${unreadable}`, database }
  }
  return {
    unreadable: undefined,
    database,
    log: {
      memberId: identity && formatId(identity.memberId),
      clusterId: identity && formatId(identity.clusterId),
      lastTerm: last.term,
      lastIndex: last.index,
      commit: state.commit < last.index ? state.commit : last.index,
      term: state.term,
      vote: state.vote,
      learner: file.learner ?? older?.learner ?? false,
      writtenAt: newest.writtenAt,
      tail: { file: newest.name, end: file.end, sum: file.sum, sizeBytes: newest.sizeBytes },
      trouble: older?.trouble ?? file.trouble,
    },
  }
}

/** No member keeps more of them (etcd's `max-wals`), except briefly. */
const MOST_SEGMENTS = 16

/**
 * Whether etcd would read such requests of the v2 store when it starts: they come after the newest snapshot,
 * or there is none.
 *
 * @returns undefined: there is no WAL, or it is damaged
 * @throws QuorateError where the node can't be asked
 */
export async function holdsV2Requests(
  remote: Remote,
  { dataDirectory: data, walDirectory: wal }: Parameters<typeof readMemberLog>[1],
  requests: V2Requests,
  signal?: AbortSignal,
): Promise<boolean | undefined> {
  const base = path.posix.dirname(wal.startsWith(`${data}/`) ? data : wal)
  const argv = ['sh', '-c', `${enter}${logFiles}`, 'log-files', data, wal, base]
  const { stdout } = await remote.run({ argv, root: true, signal })
  const { segments, strange } = parseFiles(stdout)
  if (strange !== undefined || segments.length === 0) return undefined
  let newest: LogFile['snapshot']
  for (const segment of segments.slice(-MOST_SEGMENTS).toReversed()) {
    const file = readLogFile(await bytesOf(remote, { base, folder: wal, ...segment }, signal))
    newest = newer(newest, file.snapshot)
    const held = file.v2[requests]
    if (held !== undefined && (newest === undefined || newest.index < held.index)) return true
    if (file.trouble?.kind === 'damaged') return undefined
    // The record of a snapshot comes some entries later, perhaps in the next file.
    if (newest !== undefined && newest.index + 1n >= firstIndexOf(segment)) return false
  }
  return false
}

/** Its name contains it after its number: `0000000000000001-0000000000000006.wal`. */
function firstIndexOf({ name }: Segment): bigint {
  const [, index] = /^[0-9a-f]{16}-([0-9a-f]{16})\.wal$/.exec(name) ?? []
  return BigInt(`0x${index ?? '0'}`)
}

function newer<P extends { readonly index: bigint }>(
  one: P | undefined,
  other: P | undefined,
): P | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one.index >= other.index ? one : other
}

async function bytesOf(
  remote: Remote,
  { base, folder, name, sizeBytes }: Place & Segment,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const file = `${folder}/${name}`
  if (sizeBytes > MOST_BYTES) {
    throw new QuorateError(
      'unhealthy',
      `${file} has ${counted(sizeBytes, 'byte')}: too long for a WAL file of etcd`,
      {
        host: remote.host,
      },
    )
  }
  const sizes = [String(sizeBytes), String(CHUNK_BYTES)]
  const argv = ['sh', '-c', `${enter}${logBytes}`, 'log-bytes', base, folder, name, ...sizes]
  const { stdout } = await remote.run({
    argv,
    root: true,
    encoding: 'latin1',
    signal,
    patience: { asked: `read ${path.join(base, folder, name)}`, ms: READ_MS },
    // latin1: each byte counts twice at most as UTF-8.
    maxBytes: 2 * MOST_BYTES,
  })
  try {
    const sent = await unzip(Buffer.from(stdout, 'latin1'), { maxOutputLength: MOST_BYTES })
    // The zeros after the records, as they are in the file: a record that reaches into them was truncated.
    const whole = Buffer.alloc(Math.max(sizeBytes, sent.length))
    whole.set(sent)
    return whole
  } catch (error) {
    throw QuorateError.from(error, 'command', `${file} can't be read`, { host: remote.host })
  }
}

function parseFiles(text: string): Pick<MemberData, 'database'> & {
  readonly segments: readonly Segment[]
  readonly strange: string | undefined
} {
  const lines = text.split('\n').map((line) => line.split(' '))
  const [database] = lines.filter(([kind]) => kind === 'database')
  return {
    strange: lines.find(([kind]) => kind === 'strange')?.[1],
    segments: lines
      .filter(([kind]) => kind === 'segment')
      .map(([, name = '', bytes, seconds]) => ({
        name,
        sizeBytes: Number(bytes),
        writtenAt: new Date(Number(seconds) * 1000),
      })),
    database: database && {
      sizeBytes: Number(database[1]),
      writtenAt: new Date(Number(database[2]) * 1000),
    },
  }
}
