/** What etcd prints to its journal when its data is damaged, and the meaning. */

export type DamageKind =
  | 'log' //       the write-ahead log
  | 'database' //  the database file, or a file that belongs to it
  | 'contents' //  contents that differ from the other members'

export interface Damage {
  readonly kind: DamageKind
  /** As shown to the operator. */
  readonly what: string
  /** etcd's own message. */
  readonly line: string
}

/** Messages of etcd 3.3 to 3.6 and of bbolt. */
const SIGNS: readonly { readonly said: RegExp; readonly kind: DamageKind; readonly what: string }[] = [
  {
    said: /found data inconsistency with peers|data corruption check failed|data inconsistency detected/i,
    kind: 'contents',
    what: "its keyspace differs from the other members'",
  },
  {
    said: /tocommit\(\d+\) is out of range/,
    kind: 'log',
    what: 'its Raft log ends before entries that it has acknowledged',
  },
  {
    said: /snap: crc mismatch|failed to find database snapshot|snap: empty snapshot|snap: no available snapshot/i,
    kind: 'database',
    what: 'its snapshot is damaged or missing',
  },
  {
    said: /walpb: crc mismatch|wal: crc mismatch|crc mismatch|wal: (?:file not found|slice bounds out of range|max entry size limit exceeded)|failed to read WAL, cannot be repaired|failed to repair WAL|proto: (?:illegal wireType|wrong wireType|can't skip unknown wire type)|unexpected block type|WAL.*unexpected EOF/i,
    kind: 'log',
    what: 'its Raft log (WAL) is damaged',
  },
  {
    said: /freepages: failed to get all reachable pages|page \d+: (?:multiple references|already freed|unreachable|not freed|not a leaf)|invalid freelist page|invalid page type|unexpected (?:page|branch) type|assertion failed: (?:Page|page|freelist)|cannot (?:open|read) db|failed to (?:open database|recover v3 backend from snapshot)|invalid database|checksum error|panic: (?:page|freelist|cursor)|file size too small/,
    kind: 'database',
    what: 'its database is damaged',
  },
]

/** It served requests after that: the earlier damage has been repaired. */
const SERVED = /ready to serve client requests|serving (?:secure )?client (?:requests|traffic)/i

const LONGEST_LINE = 240

/**
 * The damage that a journal reports, each kind once with its newest message. Ignores messages from before the member
 * last served.
 */
export function damageIn(journal: string): readonly Damage[] {
  const lines = journal.split('\n')
  const served = lines.findLastIndex((line) => SERVED.test(line))
  const found = new Map<string, Damage>()
  for (const line of lines.slice(served + 1)) {
    const sign = SIGNS.find(({ said }) => said.test(line))
    if (sign !== undefined) found.set(sign.kind, { kind: sign.kind, what: sign.what, line: shortened(line) })
  }
  return [...found.values()]
}

function shortened(line: string): string {
  const text = line.trim()
  return text.length <= LONGEST_LINE ? text : `${text.slice(0, LONGEST_LINE - 1)}…`
}
