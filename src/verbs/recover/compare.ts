/** Whether the new cluster holds what the copy did: what was noted of the copy, beside what the new member says. Pure. */
import { countsSweptDeletions } from '../../etcd/hazards.ts'
import { movedHash } from '../../etcd/moved-hash.ts'
import { atLeast } from '../../etcd/versions.ts'
import { counted } from '../../spec/units.ts'
import type { MadeCluster } from './progress.ts'

/** What etcdctl and etcd's tool said of the copy; undefined: they could not. */
export interface CopyFigures {
  /** Of its database, when nothing ran on it any more. */
  readonly revision: number
  readonly keys: { readonly revision: number; readonly count: number } | undefined
  /** HashKV at the revision that the keys were counted at. */
  readonly hash: HashFigure | undefined
  /** HashKV with one key more, and everything before it compacted: asked for where the revision is moved on. */
  readonly past:
    | (HashFigure & { readonly revision: number; readonly key: string; readonly value: string })
    | undefined
}

export interface HashFigure {
  readonly hash: number
  readonly compactRevision: number
}

/** What the new cluster will have to agree with. */
export function expectedOf(
  { revision, keys, hash, past }: CopyFigures,
  bump: number,
): Pick<MadeCluster, 'revision' | 'keys' | 'hash'> {
  // A lease that ran out between the count and the end: what was counted is not what there is.
  const current = keys?.revision === revision
  return { revision, keys: current ? keys.count : undefined, hash: expectedHash() }

  function expectedHash(): MadeCluster['hash'] {
    if (bump === 0) return current && hash !== undefined ? { ...hash, revision } : undefined
    const moved = revision + bump
    // Moved on before, by a restore or a recovery: the entry that did it lives in the copy, and is superseded in the new store.
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
  /** Of the revision that it began with; undefined: etcd does not say. */
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
    ...(hashes ? [] : ['the hash of the contents']),
  ]
  return { different: difference(), unknown }

  function difference(): string | undefined {
    if (now.revision < began) return `its revision is ${now.revision}, after ${made.revision}`
    if (made.keys !== undefined && now.keys !== undefined && made.keys !== now.keys)
      return `it has ${counted(now.keys, 'key')}, and the copy had ${made.keys}`
    if (hashes && made.hash?.hash !== now.hash?.hash)
      return `the hash of its contents is ${now.hash?.hash}, and the copy's was ${made.hash?.hash}`
    return undefined
  }
}

/** Whether equal contents have equal hashes, by what is known of this version. */
function isReliable(made: MadeCluster, bump: number, { version }: NewFigures): boolean {
  // How 3.4 writes the entry that moves the revision on was not tried.
  if (bump > 0) return atLeast(version, '3.5.0')
  return !(countsSweptDeletions(version) && (made.hash?.compactRevision ?? 0) > 0)
}
