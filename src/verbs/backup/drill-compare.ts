/** Compares a restored keyspace with what was recorded at the time of the backup. Pure. */
import type { Proof } from '../../backup/bundle.ts'
import { countsSweptDeletions } from '../../etcd/hazards.ts'

export interface DrillFindings {
  /** Version of the etcd that the backup was restored with. */
  readonly etcdVersion: string
  /** The newest one. */
  readonly revision: bigint
  /** Alive at the recorded revision. */
  readonly keys: bigint
  /** HashKV at the recorded revision; undefined: etcd can't compute it for that revision. */
  readonly hashKv: { readonly compactRevision: bigint; readonly hash: number } | undefined
}

export interface DrillCheck {
  readonly what: 'revision' | 'keys' | 'hash'
  readonly recorded: string | undefined
  readonly found: string | undefined
  readonly outcome: 'equal' | 'different' | 'not comparable'
  /** Why the values can't be compared, or what the difference means. */
  readonly why?: string | undefined
}

/** @param recordedBy etcd version of the member that the backup is from */
export function compareDrill(
  proof: Pick<Proof, 'status' | 'keys' | 'hashKv'>,
  recordedBy: string,
  found: DrillFindings,
): readonly DrillCheck[] {
  return [
    compareRevision(proof.status.revision, found.revision),
    compareKeys(proof.keys, found.keys),
    compareHash(),
  ]

  function compareHash(): DrillCheck {
    const { hashKv: before } = proof
    const { hashKv: now } = found
    const both = {
      what: 'hash',
      recorded: before?.hash,
      found: now === undefined ? undefined : String(now.hash),
    } as const
    const not = (why: string): DrillCheck => ({ ...both, outcome: 'not comparable', why })
    if (before === undefined) return not('the member could not hash that revision when the backup was taken')
    if (now === undefined)
      return not(`etcd ${found.etcdVersion} can't hash a revision that was just compacted`)
    if (BigInt(before.compactRevision) !== now.compactRevision) {
      return not(
        `when it was taken, history was compacted up to ${before.compactRevision}, but the snapshot is compacted up to ${now.compactRevision}`,
      )
    }
    if (before.hash === String(now.hash)) return { ...both, outcome: 'equal' }
    const sloppy = [recordedBy, found.etcdVersion].find(countsSweptDeletions)
    if (sloppy !== undefined && now.compactRevision > 0n)
      return not(
        `the hash in etcd ${sloppy} depends on the progress of compaction: it may differ without a fault`,
      )
    return {
      ...both,
      outcome: 'different',
      why: 'contents or history of the restored keyspace differ from the recorded ones',
    }
  }
}

function compareRevision(recorded: string, found: bigint): DrillCheck {
  const both = { what: 'revision', recorded, found: String(found) } as const
  // Leases expire as soon as etcd runs, which raises the revision: a higher one is expected.
  if (found >= BigInt(recorded)) return { ...both, outcome: 'equal' }
  return { ...both, outcome: 'different', why: 'the newest writes are missing in the restored keyspace' }
}

function compareKeys(recorded: string | undefined, found: bigint): DrillCheck {
  const both = { what: 'keys', recorded, found: String(found) } as const
  if (recorded === undefined)
    return { ...both, outcome: 'not comparable', why: 'they could not be counted when the backup was taken' }
  if (BigInt(recorded) === found) return { ...both, outcome: 'equal' }
  const why = found < BigInt(recorded) ? 'keys are missing' : 'there are additional keys'
  return { ...both, outcome: 'different', why: `${why} in the restored keyspace` }
}
