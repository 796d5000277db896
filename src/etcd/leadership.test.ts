import { ConnectError, Code } from '@connectrpc/connect'
import { expect, test } from 'vitest'
import type { BlockedId } from '../blocked-ids.ts'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from './client.ts'
import { Maintenance } from './gen/maintenance_pb.ts'
import { followerToLead } from './follower-to-lead.ts'
import { moveLeadership } from './leadership.ts'
import type { MemberView, ReachableMember } from './view.ts'

/** Members 1, 2, … called m1, m2, …; they report what the test changes. */
class FakeCluster {
  leader = 1n
  term = 2n
  readonly asked: string[] = []
  readonly down = new Set<string>()
  readonly learners = new Set<string>()
  readonly index = new Map<string, bigint>()
  /** What happens instead of a transfer. */
  transfer: ((target: bigint) => void) | undefined
  readonly clients: readonly MemberClient[]

  constructor(size: number) {
    this.clients = Array.from({ length: size }, (_, at) => this.#client(BigInt(at + 1)))
  }

  #client(id: bigint): MemberClient {
    const name = `m${id}`
    const call = async (method: unknown, request: { targetId?: bigint }) => {
      if (this.down.has(name)) throw new QuorateError('etcd', 'nothing listens', { host: name })
      if (method === Maintenance.method.moveLeader) {
        const target = request.targetId ?? 0n
        this.asked.push(`${name} -> m${target}`)
        if (this.transfer !== undefined) this.transfer(target)
        else if (this.leader === id) this.leader = target
        else throw etcdSays('etcdserver: not leader')
        return {}
      }
      const index = this.index.get(name) ?? 5_000n
      return {
        header: { memberId: id },
        leader: this.leader,
        isLearner: this.learners.has(name),
        raftTerm: this.term,
        raftIndex: index,
        raftAppliedIndex: index,
      }
    }
    return { name, call, close: () => undefined } as unknown as MemberClient
  }
}

function etcdSays(words: string): QuorateError {
  const cause = new ConnectError(words, Code.FailedPrecondition)
  return new QuorateError('etcd', `etcd answered: ${words}`, { host: 'm1', cause })
}

test('asks the present leader', async () => {
  const cluster = new FakeCluster(3)
  cluster.leader = 2n
  expect(await moveLeadership(cluster.clients, 'm3')).toEqual({ moved: true, from: 'm2', to: 'm3' })
  expect(cluster.asked).toEqual(['m2 -> m3'])
})

test('a leader stays, and no member is asked', async () => {
  const cluster = new FakeCluster(3)
  expect(await moveLeadership(cluster.clients, 'm1')).toEqual({ moved: false, from: 'm1', to: 'm1' })
  expect(cluster.asked).toEqual([])
})

test('a transfer whose answer was lost is not a failure', async () => {
  const cluster = new FakeCluster(3)
  cluster.transfer = (target) => {
    cluster.leader = target
    throw etcdSays('connection lost')
  }
  expect(await moveLeadership(cluster.clients, 'm2')).toMatchObject({ moved: true, to: 'm2' })
  expect(cluster.asked).toHaveLength(1)
})

test('an election in between is not a failure either: the new leader is asked', async () => {
  const cluster = new FakeCluster(3)
  cluster.transfer = () => {
    cluster.leader = 3n
    cluster.transfer = undefined
    throw etcdSays('etcdserver: not leader')
  }
  expect(await moveLeadership(cluster.clients, 'm2')).toMatchObject({ moved: true, to: 'm2' })
  expect(cluster.asked).toEqual(['m1 -> m2', 'm3 -> m2'])
})

test("etcd's own refusal comes with its words and is not repeated", async () => {
  const cluster = new FakeCluster(3)
  cluster.transfer = () => {
    throw etcdSays('etcdserver: no time')
  }
  await expect(moveLeadership(cluster.clients, 'm2')).rejects.toFail('etcd', { says: 'no time' })
  expect(cluster.asked).toHaveLength(1)
})

test.each<[string, (cluster: FakeCluster) => void, string | undefined, BlockedId, string]>([
  ['a learner', (cluster) => cluster.learners.add('m2'), 'm2', 'target-is-a-learner', 'learner'],
  ['one that is down', (cluster) => cluster.down.add('m2'), 'm2', 'target-does-not-answer', ' not answer, '],
  [
    'one far behind',
    (cluster) => cluster.index.set('m2', 10n),
    'm2',
    'target-is-behind',
    '4990 entries behind',
  ],
  ['no leader', (cluster) => (cluster.leader = 0n), undefined, 'no-leader', 'no leader'],
  [
    'a leader that is down',
    (cluster) => cluster.down.add('m1'),
    undefined,
    'leader-does-not-answer',
    'leader, member 1, ',
  ],
])('%s is refused with the reason, and nobody is asked', async (_, change, host, id, words) => {
  const cluster = new FakeCluster(3)
  change(cluster)
  const refusal = {
    code: 'blocked',
    id,
    host,
    message: expect.stringContaining(words),
    hint: expect.any(String),
  }
  await expect(moveLeadership(cluster.clients, 'm2')).rejects.toMatchObject(refusal)
  expect(cluster.asked).toEqual([])
})

test('a stopped member does not prevent the transfer', async () => {
  const cluster = new FakeCluster(3)
  cluster.down.add('m3')
  expect(await moveLeadership(cluster.clients, 'm2')).toMatchObject({ moved: true })
})

function member(id: number, changes: Partial<ReachableMember> = {}): ReachableMember {
  return {
    reachable: true,
    name: `m${id}`,
    clusterId: 7n,
    memberId: BigInt(id),
    leaderId: 1n,
    learner: false,
    version: '3.5.16',
    dbSizeBytes: 1,
    dbSizeInUseBytes: 1,
    raftTerm: 2n,
    raftIndex: 100n,
    raftAppliedIndex: 100n,
    errors: [],
    read: { answered: true, revision: 1n },
    alarms: [],
    list: undefined,
    ...changes,
  }
}

function best(...members: MemberView[]): string | undefined {
  return followerToLead({ members })
}

test('the healthiest follower is the one least behind', () => {
  expect(best(member(1), member(2, { raftAppliedIndex: 90n }), member(3))).toBe('m3')
  expect(best(member(1), member(2), member(3))).toBe('m2')
  expect(followerToLead({ members: [member(1), member(2), member(3)] }, ['m2'])).toBe('m3')
})

test('etcd 3.3 says nothing of what it applied: what it received counts', () => {
  const old = { raftAppliedIndex: undefined }
  expect(best(member(1, old), member(2, { ...old, raftIndex: 50n }), member(3, old))).toBe('m3')
})

test('learners, members without a majority or corrupt, and those that do not answer are not chosen', () => {
  const reason = { kind: 'unavailable' as const, message: 'no', hint: undefined }
  const corrupt = { memberId: 4n, type: 'CORRUPT' }
  const unfit: MemberView[] = [
    member(2, { learner: true }),
    member(3, { read: { answered: false, reason } }),
    member(4, { alarms: [corrupt] }),
    { reachable: false, name: 'm5', reason },
    member(6, { raftAppliedIndex: 0n, raftIndex: 0n }),
  ]
  expect(best(member(1, { raftIndex: 9_000n }), ...unfit)).toBeUndefined()
})

test('one out of space is chosen only where there is no other', () => {
  const alarms = [{ memberId: 2n, type: 'NOSPACE' }]
  expect(best(member(1, { alarms }), member(2), member(3, { raftAppliedIndex: 90n }))).toBe('m3')
  expect(best(member(1, { alarms }), member(2))).toBe('m2')
})
