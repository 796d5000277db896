/** What was written to a cluster and acknowledged, revision by revision, for comparison with a restored one. */
import type { MemberClient } from '../../../src/etcd/client.ts'
import { KV } from '../../../src/etcd/gen/kv_pb.ts'
import { fromUtf8, utf8 } from '../../../src/etcd/keys.ts'
import { type Session, allMembers } from '../../../src/tiers/etcd/session.ts'

/** Prefix of the keys, so that nothing else is compared. */
const PREFIX = '/history/'
const END = '/history0'

export interface Written {
  readonly revision: bigint
  readonly key: string
  /** undefined: deleted. */
  readonly value: string | undefined
}

/**
 * Writes this many times, to a few keys, and sometimes deletes. Returns what was acknowledged. No other client reads
 * it.
 */
export async function writeHistory(
  session: Session,
  count: number,
  label: string,
): Promise<readonly Written[]> {
  const member = await anyMember(session)
  const written: Written[] = []
  for (let index = 0; index < count; index++) {
    const key = `${PREFIX}${index % 17}`
    if (index % 13 === 12) {
      const { header, deleted } = await member.call(KV.method.deleteRange, { key: utf8(key) })
      if (deleted > 0n) written.push({ revision: header?.revision ?? 0n, key, value: undefined })
      continue
    }
    const value = `${label} ${index}`
    const { header } = await member.call(KV.method.put, { key: utf8(key), value: utf8(value) })
    written.push({ revision: header?.revision ?? 0n, key, value })
  }
  return written
}

/** The expected contents at a revision. */
export function contentsAt(history: readonly Written[], revision: bigint): Record<string, string> {
  const contents = new Map<string, string>()
  for (const { revision: at, key, value } of history) {
    if (at > revision) continue
    if (value === undefined) contents.delete(key)
    else contents.set(key, value)
  }
  return sorted([...contents])
}

/** The contents according to every member, each asked by itself; they must agree. */
export async function contentsNow(session: Session): Promise<Record<string, string>> {
  const answers = await Promise.all(
    (await allMembers(session)).map(async (member) => {
      const range = { key: utf8(PREFIX), rangeEnd: utf8(END) }
      const { kvs } = await member.call(KV.method.range, range)
      return sorted(kvs.map(({ key, value }) => [fromUtf8(key), fromUtf8(value)]))
    }),
  )
  const [first = {}, ...others] = answers
  const other = others.find((one) => JSON.stringify(one) !== JSON.stringify(first))
  if (other !== undefined) throw new Error(`members differ: ${JSON.stringify([first, other])}`)
  return first
}

async function anyMember(session: Session): Promise<MemberClient> {
  const [member] = await allMembers(session)
  if (member === undefined) throw new TypeError('no member')
  return member
}

function sorted(entries: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
