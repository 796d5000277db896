/** Verifies a new cluster: every member returns a written value, and all have the same contents. */
import { randomUUID } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from './client.ts'
import { failureKind } from './failure.ts'
import { KV } from './gen/kv_pb.ts'
import { Lease } from './gen/lease_pb.ts'
import { Maintenance } from './gen/maintenance_pb.ts'
import { fromUtf8, utf8 } from './keys.ts'
import { formatId } from './view.ts'
import { type Looked, giveUp, until } from '../wait/until.ts'

/** Where the verification writes its temporary key. */
export const VERIFY_PREFIX = '/quorate.io/verify/'

/** Seconds after which etcd itself removes the key if quorate is killed before it does. */
const LEASE_SECONDS = 60n

const ATTEMPTS = 10
const PAUSE_MS = 200

export interface Verification {
  /** The contents up to this revision were compared. */
  readonly revision: bigint
  readonly compactRevision: bigint
  /** HashKV's answer, the same on all members. */
  readonly hash: number
}

/**
 * Writes a key through the first member, reads it back linearizably through every one, and removes it. Then compares
 * HashKV of all members at one revision and compact revision. Pass every member: without one, the result proves
 * nothing.
 *
 * @throws QuorateError `etcd` if a member doesn't answer. `unhealthy` if one returns a different value, if contents
 *   differ, or if compaction never paused long enough to compare. `cancelled` after the signal.
 */
export async function verifyCluster(
  members: readonly MemberClient[],
  signal?: AbortSignal,
): Promise<Verification> {
  const [first] = members
  if (first === undefined) throw new TypeError('no members to verify')
  await verifyWrite(first, members, signal)
  return compareContents(members, signal)
}

/**
 * Writes a key through the first member, reads it back linearizably through every one, and removes it.
 *
 * @throws QuorateError `etcd`, `unhealthy` or `cancelled`, like `verifyCluster`.
 */
export async function verifyWrite(
  first: MemberClient,
  members: readonly MemberClient[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const key = utf8(`${VERIFY_PREFIX}${randomUUID()}`)
  const value = randomUUID()
  const lease = await first.call(Lease.method.leaseGrant, { ttl: LEASE_SECONDS }, { signal })
  const put = await first.call(KV.method.put, { key, value: utf8(value), lease: lease.id }, { signal })
  await Promise.all(
    members.map(async (member) => {
      const { kvs, header } = await member.call(KV.method.range, { key }, { signal })
      const found = kvs[0]
      if (
        found === undefined ||
        fromUtf8(found.value) !== value ||
        found.modRevision !== put.header?.revision
      ) {
        throw new QuorateError(
          'unhealthy',
          `a write through ${first.name} can't be read through ${member.name}`,
          {
            host: member.name,
            hint: `${member.name} answers for cluster ${formatId(header?.clusterId ?? 0n)}, ${first.name} for ${formatId(put.header?.clusterId ?? 0n)}`,
          },
        )
      }
    }),
  )
  // Also removes the key. After a failure this isn't reached, and the lease expires by itself.
  await first.call(Lease.method.leaseRevoke, { id: lease.id }, { signal })
}

/**
 * HashKV of every member, at one revision and one compact revision. Retries while compaction continues, and if contents
 * differ. Before 3.4.34 and 3.5.16, the hash depends on whether a member has swept the deletion that was compacted last
 * (etcd pull request 18274). A difference that stays is real.
 *
 * @throws QuorateError as `verifyCluster`
 */
export async function compareContents(
  members: readonly MemberClient[],
  signal?: AbortSignal,
): Promise<Verification> {
  const [asked] = members
  if (asked === undefined) throw new TypeError('no members to compare')
  let trouble = movedOn()
  const look = async (): Promise<Looked<Verification, QuorateError>> => {
    const revision = await commonRevision(members, signal)
    const answers = await Promise.all(members.map((member) => hashOf(member, revision, signal)))
    const hashes = answers.filter((answer) => answer !== undefined)
    const [first, ...others] = hashes
    if (hashes.length < members.length || first === undefined) {
      // A cluster that is out of space accepts no write that would advance the revision.
      const standing = await compareStanding(members, signal)
      if (standing !== undefined) return { found: standing }
      await moveOn(asked, signal)
    } else if (others.some((other) => other.compactRevision !== first.compactRevision)) {
      const standing = await compareStanding(members, signal)
      if (standing !== undefined) return { found: standing }
      trouble = movedOn()
    } else if (others.some((other) => other.hash !== first.hash)) {
      trouble = differing(revision, hashes)
    } else {
      return { found: { revision, compactRevision: first.compactRevision, hash: first.hash } }
    }
    return { missing: trouble }
  }
  return await until(look, {
    ms: Number.POSITIVE_INFINITY,
    attempts: ATTEMPTS,
    everyMs: PAUSE_MS,
    signal,
    late: giveUp,
  })
}

/**
 * Compares the newest contents of an idle cluster. etcd 3.5 and newer keep the hash that they computed during
 * compaction, and return it for that revision. A member that has restarted since doesn't have it, and returns a
 * different one.
 *
 * @returns undefined unless all are at the same revision and have the same contents
 */
async function compareStanding(
  members: readonly MemberClient[],
  signal: AbortSignal | undefined,
): Promise<Verification | undefined> {
  const answers = await Promise.all(members.map((member) => hashOf(member, 0n, signal)))
  const [first] = answers
  if (first === undefined) return undefined
  const { revision, compactRevision, hash } = first
  const equal = answers.every(
    (other) =>
      other?.revision === revision && other.compactRevision === compactRevision && other.hash === hash,
  )
  return equal ? { revision, compactRevision, hash } : undefined
}

export interface MemberHash {
  readonly name: string
  /** The newest revision when it answered. */
  readonly revision: bigint
  readonly hash: number
  readonly compactRevision: bigint
}

function movedOn(): QuorateError {
  const message = `can't compare the keyspaces: the history was compacted during each of ${ATTEMPTS} attempts`
  return new QuorateError('unhealthy', message, { hint: 'rerun the command when the cluster is less busy' })
}

function differing(revision: bigint, hashes: readonly MemberHash[]): QuorateError {
  const list = hashes.map(({ name, hash }) => `${name} ${hash.toString(16)}`).join(', ')
  return new QuorateError('unhealthy', `members have different keyspaces at revision ${revision}: ${list}`, {
    id: 'keyspaces-differ',
    hint: 'find the member that differs from the majority: quorate repair',
  })
}

/**
 * undefined: it has no hash for this revision. Before 3.5, that is the case for the last compacted revision, which
 * stays the newest one on an idle cluster.
 */
export async function hashOf(
  member: MemberClient,
  revision: bigint,
  signal: AbortSignal | undefined,
): Promise<MemberHash | undefined> {
  try {
    const answer = await member.call(Maintenance.method.hashKV, { revision }, { signal })
    const { hash, compactRevision, header } = answer
    return { name: member.name, revision: header?.revision ?? 0n, hash, compactRevision }
  } catch (thrown) {
    if (failureKind(thrown) === 'out-of-range') return undefined
    throw thrown
  }
}

/** Advances the history beyond a revision with a write that is removed at once. */
async function moveOn(member: MemberClient, signal: AbortSignal | undefined): Promise<void> {
  const lease = await member.call(Lease.method.leaseGrant, { ttl: LEASE_SECONDS }, { signal })
  const key = utf8(`${VERIFY_PREFIX}${randomUUID()}`)
  await member.call(KV.method.put, { key, lease: lease.id }, { signal })
  await member.call(Lease.method.leaseRevoke, { id: lease.id }, { signal })
}

/** A revision that every member has applied: linearizable reads wait for everything that was committed before them. */
export async function commonRevision(
  members: readonly MemberClient[],
  signal: AbortSignal | undefined,
): Promise<bigint> {
  const reads = await Promise.all(
    members.map((member) =>
      member.call(KV.method.range, { key: utf8(VERIFY_PREFIX), countOnly: true }, { signal }),
    ),
  )
  return reads
    .map((read) => read.header?.revision ?? 0n)
    .reduce((least, each) => (each < least ? each : least))
}
