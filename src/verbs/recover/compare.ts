/** Compares the new cluster with the copy that it was made from: the figures of the copy against the new member's. Pure. */
import { countsSweptDeletions } from '../../etcd/hazards.ts'
import { movedHash } from '../../etcd/moved-hash.ts'
import { atLeast } from '../../etcd/versions.ts'
import { counted } from '../../spec/units.ts'
import type { MadeCluster } from './progress.ts'

/** What etcdctl and etcdutl reported about the copy; undefined: they could not. */
export interface CopyFigures {
  /** Hash of its database after etcd on the copy was stopped. */
  readonly revision: number
  readonly keys: { readonly revision: number; readonly count: number } | undefined
  /** HashKV at the revision that the keys were counted at. */
  readonly hash: HashFigure | undefined
  /** HashKV with one more key, and everything before it compacted: needed if the revision is raised. */
  readonly past:
    | (HashFigure & { readonly revision: number; readonly key: string; readonly value: string })
    | undefined
}

export interface HashFigure {
  readonly hash: number
  readonly compactRevision: number
}

/** What the new cluster must match. */
export function expectedOf(
  { revision, keys, hash, past }: CopyFigures,
  bump: number,
): Pick<MadeCluster, 'revision' | 'keys' | 'hash'> {
  // A lease expired between the count and the end: the count is not exact.
  const current = keys?.revision === revision
  return { revision, keys: current ? keys.count : undefined, hash: expectedHash() }

  function expectedHash(): MadeCluster['hash'] {
    if (bump === 0) return current && hash !== undefined ? { ...hash, revision } : undefined
    const moved = revision + bump
    // Raised before, by a restore or a recovery: that entry is live in the copy, and superseded in the new database.
    if (revision >= bump) return undefined
    if (past?.revision !== revision + 1 || past.compactRevision !== revision) return undefined
    const last = { ...past, revision: BigInt(past.revision) }
    return { hash: movedHash(past.hash, last, BigInt(moved)), compactRevision: moved, revision: moved }
  }
}

export interface NewFigures {
  readonly version: string
  /** The newest one. */
  readonly revision: number
  /** HashKV at its first revision; undefined: etcd did not report it. */
  readonly keys: number | undefined
  readonly hash: HashFigure | undefined
}

export interface Comparison {
  /** What differs; undefined: nothing. */
  readonly different: string | undefined
  /** What could not be compared. */
  readonly unknown: readonly string[]
}

export function compareWithCopy(made: MadeCluster, bump: number, now: NewFigures): Comparison {
  const began = made.revision + bump
  const comparable = made.hash !== undefined && (made.hash.revision ?? made.revision) === began
  const hashes =
    comparable && now.hash?.compactRevision === made.hash?.compactRevision && isReliable(made, bump, now)
  const unknown = [
    ...(made.keys === undefined || now.keys === undefined ? ['the number of keys'] : []),
    ...(hashes ? [] : ['the hash of the keyspace']),
  ]
  return { different: difference(), unknown }

  function difference(): string | undefined {
    if (now.revision < began)
      return `the revision is ${now.revision}, older than revision ${made.revision} of the copy`
    if (made.keys !== undefined && now.keys !== undefined && made.keys !== now.keys)
      return `the member has ${counted(now.keys, 'key')}, the copy had ${made.keys}`
    if (hashes && made.hash?.hash !== now.hash?.hash)
      return `the keyspace hash is ${now.hash?.hash}, the copy had ${made.hash?.hash}`
    return undefined
  }
}

/** Whether equal keyspaces have equal hashes in this version. */
function isReliable(made: MadeCluster, bump: number, { version }: NewFigures): boolean {
  // How 3.4 writes the entry that raises the revision was not tested.
  if (bump > 0) return atLeast(version, '3.5.0')
  return !(countsSweptDeletions(version) && (made.hash?.compactRevision ?? 0) > 0)
}
