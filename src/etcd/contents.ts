/** Groups members by their contents. */
import type { MemberClient } from './client.ts'
import { type MemberHash, commonRevision, hashOf } from './verify.ts'
import { type Looked, until } from '../wait/until.ts'

/** A temporary difference is checked again, because members compact at different times (see `compareContents`). */
const ATTEMPTS = 8
const PAUSE_MS = 250

export interface Contents {
  /** Everything up to this revision was compared. */
  readonly revision: bigint
  /** Names of members, one list for each version of the contents, the longest first. */
  readonly groups: readonly (readonly string[])[]
  /** Members that could not answer. */
  readonly unknown: readonly string[]
}

/** Compares HashKV of these members at one revision and one compact revision. @throws QuorateError `etcd`, `cancelled` */
export async function groupByContents(
  members: readonly MemberClient[],
  signal?: AbortSignal,
): Promise<Contents> {
  let last: Contents = { revision: 0n, groups: [], unknown: members.map(({ name }) => name) }
  if (members.length === 0) return last
  const look = async (): Promise<Looked<Contents, Contents>> => {
    const revision = await commonRevision(members, signal)
    // Revision 0 is the newest: on an idle cluster, a compacted revision has no hash.
    for (const asked of [revision, 0n]) {
      const answers = await Promise.all(members.map(async (member) => await hashOf(member, asked, signal)))
      const hashes = answers.filter((answer) => answer !== undefined)
      const standing = hashes.every((hash) => hash.revision === hashes[0]?.revision)
      if (asked === 0n && !standing) continue
      const found = contentsOf(members, hashes, revision)
      if (found.groups.length === 1 && found.unknown.length === 0) return { found }
      if (found.unknown.length <= last.unknown.length) last = found
    }
    return { missing: last }
  }
  return await until(look, {
    ms: Number.POSITIVE_INFINITY,
    attempts: ATTEMPTS,
    everyMs: PAUSE_MS,
    signal,
    late: (best) => best,
  })
}

function contentsOf(
  members: readonly MemberClient[],
  hashes: readonly MemberHash[],
  revision: bigint,
): Contents {
  const groups = new Map<string, string[]>()
  for (const { name, hash, compactRevision } of hashes) {
    const key = `${compactRevision} ${hash}`
    groups.set(key, [...(groups.get(key) ?? []), name])
  }
  const said = new Set(hashes.map(({ name }) => name))
  return {
    revision,
    groups: [...groups.values()].toSorted((a, b) => b.length - a.length),
    unknown: members.map(({ name }) => name).filter((name) => !said.has(name)),
  }
}
