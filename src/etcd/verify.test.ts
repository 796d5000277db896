import { expect, test } from 'vitest'
import { ConnectError, Code } from '@connectrpc/connect'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from './client.ts'
import { KV } from './gen/kv_pb.ts'
import { Maintenance } from './gen/maintenance_pb.ts'
import { compareContents } from './verify.ts'

interface Answer {
  readonly hash: number
  readonly compactRevision: bigint
}

/** A member of an idle cluster at revision 9 that accepts no writes. */
function member(name: string, atRevision: Answer | 'compacted', newest: Answer): MemberClient {
  const call = async (method: unknown, request: { revision?: bigint }) => {
    if (method === KV.method.range) return { header: { revision: 9n } }
    if (method !== Maintenance.method.hashKV) throw new QuorateError('etcd', 'no space', { host: name })
    const answer = request.revision === 0n ? newest : atRevision
    if (answer !== 'compacted') return { ...answer, header: { revision: 9n } }
    const cause = new ConnectError('compacted', Code.OutOfRange)
    throw new QuorateError('etcd', 'compacted', { host: name, cause })
  }
  return { name, call } as unknown as MemberClient
}

const NEWEST = { hash: 2, compactRevision: 9n }

test('a member that restarted since the last compaction answers otherwise, and holds the same', async () => {
  const kept = { hash: 1, compactRevision: 5n }
  const members = [member('m1', NEWEST, NEWEST), member('m2', kept, NEWEST), member('m3', kept, NEWEST)]
  expect(await compareContents(members)).toEqual({ revision: 9n, ...NEWEST })
})

test('what etcd before 3.5 does not say of the revision that was compacted last, it says of the newest', async () => {
  const members = ['m1', 'm2'].map((name) => member(name, 'compacted', NEWEST))
  expect(await compareContents(members)).toEqual({ revision: 9n, ...NEWEST })
})

test('contents that differ are reported', async () => {
  const other = { hash: 3, compactRevision: 9n }
  const members = [member('m1', NEWEST, NEWEST), member('m2', other, other)]
  await expect(compareContents(members)).rejects.toFail('unhealthy/keyspaces-differ', {
    says: / 9: m1 2, m2 3$/,
  })
})
