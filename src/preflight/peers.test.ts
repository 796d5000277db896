import { expect, test } from 'vitest'
import type { HostFacts } from './facts.ts'
import { cluster, goodFacts, node } from './machine.fixture.ts'
import { type Dial, judgePeers, target } from './peers.ts'

const A = '198.18.0.11'
const B = '198.18.0.12'

const dialled = (address: string, client: Dial['outcome'], peer: Dial['outcome'], reason = ''): Dial[] => [
  { target: target(address, 2379), outcome: client, reason },
  { target: target(address, 2380), outcome: peer, reason },
]

/** etcd01 and etcd02; `facts` are those of etcd02. */
function judged(fromA: readonly Dial[], facts: Partial<HostFacts> = {}) {
  const lent = [target(B, 2379), target(B, 2380)]
  return judgePeers(cluster(), [
    { node: node(1), facts: goodFacts(), dials: fromA },
    { node: node(2), facts: goodFacts({ lent, ...facts }), dials: dialled(A, 'open', 'open') },
  ])
}

test('both ports are judged in both directions', () => {
  const checks = judged(dialled(B, 'open', 'open'))
  expect(checks.map(({ host, subject, id, result }) => [host, subject, id, result])).toEqual([
    ['etcd01', 'etcd01 -> etcd02', 'reach-client', 'ok'],
    ['etcd01', 'etcd01 -> etcd02', 'reach-peer', 'ok'],
    ['etcd02', 'etcd02 -> etcd01', 'reach-client', 'ok'],
    ['etcd02', 'etcd02 -> etcd01', 'reach-peer', 'ok'],
  ])
})

test('silence is distinguished from refusal, and only the failing direction is blamed', () => {
  const checks = judged(dialled(B, 'refused', 'silent'))
  expect(checks.map(({ result }) => result)).toEqual(['failure', 'failure', 'ok', 'ok'])
  expect(checks[0]?.found).toContain('refused')
  expect(checks[1]?.found).toContain(' 10 s')
  expect(checks[1]?.remedy).toContain(`TCP port 2380 from ${A} to ${B}`)
})

test("the system's own word for no way is passed on", () => {
  expect(judged(dialled(B, 'open', 'error', 'No route to host'))[1]).toMatchObject({
    result: 'failure',
    found: 'No route to host',
  })
})

test('where nothing could listen, a refusal proves nothing', () => {
  const trouble = 'Failed to listen on 198.18.0.12:2379: Cannot assign requested address'
  const [client] = judged(dialled(B, 'refused', 'open'), { lent: [], lendingTrouble: trouble })
  expect(client).toMatchObject({ result: 'warning', remedy: trouble })
  expect(client?.found).toContain('unknown')
})

test('an etcd that runs already is dialled as it is', () => {
  const listeners = [{ address: B, port: 2379, process: 'etcd', pid: 1, unit: 'etcd.service' }]
  expect(judged(dialled(B, 'refused', 'open'), { lent: [], listeners })[0]?.result).toBe('failure')
})

test('a way that was not tried is not called open', () => {
  expect(judged([])[0]).toMatchObject({ result: 'warning', found: 'not tried' })
})

test('IPv6 targets have brackets', () => {
  expect(target('2001:db8::1', 2380)).toBe('[2001:db8::1]:2380')
})
