import { Code, ConnectError } from '@connectrpc/connect'
import { expect, test, vi } from 'vitest'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from './client.ts'
import { Cluster } from './gen/cluster_pb.ts'
import { KV } from './gen/kv_pb.ts'
import { Maintenance } from './gen/maintenance_pb.ts'
import { readClusterView } from './view.ts'

const NAMES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [KV.method.range, 'read'],
  [Cluster.method.memberList, 'list'],
  [Maintenance.method.status, 'status'],
  [Maintenance.method.alarm, 'alarm'],
])

/** Returns the answers in `answers` for each request in turn, and repeats the last. */
function member(answers: Record<string, readonly unknown[]>, asked: string[] = []): MemberClient {
  const call = async (method: unknown) => {
    const name = NAMES.get(method) ?? 'unknown'
    const before = asked.filter((one) => one === name).length
    asked.push(name)
    const choices = answers[name] ?? [{ members: [], alarms: [] }]
    const answer = choices[Math.min(before, choices.length - 1)]
    if (answer instanceof Error) throw answer
    return answer
  }
  return { name: 'm1', call } as unknown as MemberClient
}

function failed(code: Code): QuorateError {
  return new QuorateError('etcd', 'said no', { cause: new ConnectError('no', code) })
}

function status(fields: object = {}) {
  return {
    version: '3.5.16',
    raftAppliedIndex: 1n,
    isLearner: false,
    leader: 0n,
    errors: [],
    ...fields,
  }
}

const read = { header: { revision: 7n } }

test('a member during an election is asked again, completely', async () => {
  const client = member({
    status: [status({ leader: 0n }), status({ leader: 5n })],
    read: [failed(Code.Unavailable), read],
  })
  const { members } = await readClusterView([client])
  expect(members).toMatchObject([{ read: { answered: true, revision: 7n }, leaderId: 5n }])
})

test('a list that no leader vouched for is asked for again', async () => {
  // The second request need not be linearizable.
  const list = [failed(Code.Unavailable), { members: [] }, { members: [] }]
  const { members } = await readClusterView([member({ status: [status()], read: [read], list })])
  expect(members).toMatchObject([{ list: { linearizable: true } }])
})

test('an election that does not end is reported', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] })
  try {
    const asked: string[] = []
    const view = readClusterView([member({ status: [status()], read: [failed(Code.Unavailable)] }, asked)])
    for (let turn = 0; turn < 40; turn++) await vi.advanceTimersByTimeAsync(100)
    expect((await view).members).toMatchObject([
      { read: { answered: false, reason: { kind: 'unavailable' } } },
    ])
    expect(asked.filter((name) => name === 'read').length).toBeGreaterThan(1)
  } finally {
    vi.useRealTimers()
  }
})

test.each([
  ['a learner', status({ isLearner: true }), Code.Unavailable],
  ['a member without quorum, which lets the read wait', status(), Code.DeadlineExceeded],
])('%s is asked once', async (_, answer, code) => {
  const asked: string[] = []
  await readClusterView([member({ status: [answer], read: [failed(code)] }, asked)])
  expect(asked.filter((name) => name === 'read')).toHaveLength(1)
})

test('what gives no status is not waited for with other questions', async () => {
  const refused = new QuorateError('etcd', 'gone', { cause: new ConnectError('no', Code.DeadlineExceeded) })
  const silent = member({ status: [refused] })
  const call = async (method: unknown, ...rest: readonly unknown[]) =>
    method === Maintenance.method.status
      ? await (silent.call as (...all: readonly unknown[]) => Promise<unknown>)(method, ...rest)
      : await new Promise(() => {})
  const { members } = await readClusterView([{ ...silent, call } as unknown as MemberClient])
  expect(members).toMatchObject([{ reachable: false, reason: { kind: 'deadline' } }])
})
