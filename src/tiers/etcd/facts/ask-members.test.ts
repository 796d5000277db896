import { Code, ConnectError } from '@connectrpc/connect'
import { expect, test } from 'vitest'
import { QuorateError } from '../../../errors.ts'
import type { MemberClient } from '../../../etcd/client.ts'
import { Maintenance } from '../../../etcd/gen/maintenance_pb.ts'
import { sampleCluster } from '../../../etcd/sample.ts'
import type { Session } from '../session.ts'
import type { Node } from '../../../spec/cluster.ts'
import { askMembers } from './ask-members.ts'

const cluster = sampleCluster({ version: '3.6.16' })
const APART = 'etcd03'

function memberOf(name: string, answers: 'all' | 'status' | 'nothing'): MemberClient {
  const call = async (method: unknown) => {
    await Promise.resolve()
    if (answers === 'nothing' || (answers === 'status' && method !== Maintenance.method.status))
      throw new QuorateError('etcd', 'no way there', { cause: new ConnectError('no', Code.Unknown) })
    const header = { clusterId: 1n, memberId: 2n, revision: 7n }
    if (method !== Maintenance.method.status) return { header, members: [], alarms: [] }
    return { header, version: '3.6.16', raftAppliedIndex: 1n, isLearner: false, leader: 2n, errors: [] }
  }
  return { name, call } as unknown as MemberClient
}

/** @param ways what a node learns from the member whose node is unreachable */
function session(ways: Readonly<Record<string, 'all' | 'status'>>, asked: string[] = []): Session {
  return {
    cluster,
    signal: new AbortController().signal,
    now: () => new Date(),
    bundle: async () => await Promise.resolve(undefined),
    members: async ([node]: readonly Node[]) => {
      await Promise.resolve()
      if (node?.name === APART) throw new QuorateError('unreachable', 'no route', { host: APART })
      return [memberOf(node?.name ?? '', 'all')]
    },
    endpoint: async () => await Promise.resolve({}),
    outsider: async (name: string, _url: string, via: Node) => {
      await Promise.resolve()
      asked.push(via.name)
      return memberOf(name, ways[via.name] ?? 'nothing')
    },
  } as unknown as Session
}

const lastOf = async (seen: Session) => (await askMembers(seen)).at(-1)

test('a member on an unreachable machine is asked from one node, and from the others if that gets no answer', async () => {
  const asked: string[] = []
  expect(await lastOf(session({ etcd01: 'all', etcd02: 'all' }, asked))).toMatchObject({
    member: { reachable: true },
    via: { name: 'etcd01' },
  })
  expect(asked).toEqual(['etcd01'])
  // A node that is cut off from a member, or is compromised, can't make it count as down.
  for (const cut of [{}, { etcd01: 'status' }] as const)
    expect(await lastOf(session({ ...cut, etcd02: 'all' }))).toMatchObject({
      member: { reachable: true, read: { answered: true } },
      via: { name: 'etcd02' },
    })
})

test('it counts as silent once no node hears it', async () => {
  const asked: string[] = []
  expect(await lastOf(session({}, asked))).toMatchObject({
    member: { reachable: false, reason: { message: expect.stringContaining('asked from etcd01') } },
    via: { name: 'etcd01' },
  })
  expect(asked).toEqual(['etcd01', 'etcd02'])
})
