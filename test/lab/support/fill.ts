/** Fills a cluster with data until it accepts no more. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { MemberClient } from '../../../src/etcd/client.ts'
import { failureKind } from '../../../src/etcd/failure.ts'
import { KV } from '../../../src/etcd/gen/kv_pb.ts'
import { utf8 } from '../../../src/etcd/keys.ts'
import { loadClusterFile } from '../../../src/cluster-file/load.ts'
import { openClusterSession } from '../../../src/verbs/open-session.ts'
import { type Session, allMembers } from '../../../src/tiers/etcd/session.ts'
import type { TestLab } from '../harness.ts'

/** More than any quota of a test. */
const MOST = 1_000

/** A session of this process, for inspecting and filling at the same time as the program under test. */
export async function sessionOf(lab: Pick<TestLab, 'clusterFile'>): Promise<Session> {
  const { cluster } = await loadClusterFile(lab.clusterFile)
  return await openClusterSession(cluster)
}

/**
 * Writes random values of this size, each under its own key or all under one (`history`: creates old revisions), until
 * etcd refuses for lack of space, or there are `most`.
 *
 * @returns how many were written
 */
export async function fill(
  session: Session,
  kind: 'live' | 'history',
  bytes: number,
  most = MOST,
): Promise<number> {
  const [member] = await allMembers(session)
  if (member === undefined) throw new TypeError('no member')
  for (let count = 0; count < most; count++) {
    const key = utf8(`/fill/${kind === 'live' ? randomUUID() : 'same'}`)
    if (!(await put(member, key, randomBytes(bytes)))) return count
  }
  if (most < MOST) return most
  throw new Error(`${MOST} values of ${bytes} bytes did not fill it`)
}

/** false: there is no space. */
async function put(member: MemberClient, key: Uint8Array, value: Uint8Array): Promise<boolean> {
  try {
    await member.call(KV.method.put, { key: new Uint8Array(key), value: new Uint8Array(value) })
    return true
  } catch (error) {
    if (failureKind(error) !== 'exhausted') throw error
    return false
  }
}
