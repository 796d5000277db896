import { Code, ConnectError } from '@connectrpc/connect'
import { expect, test } from 'vitest'
import { QuorateError } from '../errors.ts'
import { Endpoints } from './endpoints.ts'
import { type Patience, withRetries } from './retry.ts'
import { FakeCluster, refused } from './testing.ts'

/** Usable members, and a clock that the test sets. */
function patience(members: number, clock = { ms: 0 }): Patience & { readonly endpoints: Endpoints } {
  const clients = new FakeCluster().members(members)
  const endpoints = new Endpoints(
    () => clients,
    () => clock.ms,
  )
  for (const { name } of clients) endpoints.setUsable(name, true)
  return { endpoints, monotonic: () => clock.ms, signal: new AbortController().signal }
}

test('an attempt that fails is made again on another member', async () => {
  const asked: string[] = []
  let retries = 0
  const own = { ...patience(3), onRetry: () => (retries += 1) }
  const value = await withRetries(async ({ name }) => {
    asked.push(name)
    if (asked.length < 3) throw refused()
    return name
  }, own)
  expect(value).toBe(asked[2])
  expect(new Set(asked).size).toBe(3)
  expect(retries).toBe(2)
})

test('it gives up when its time is over, with the last error', async () => {
  const clock = { ms: 0 }
  let attempts = 0
  const trying = withRetries(
    async (_member, { timeoutMs }) => {
      attempts += 1
      // No attempt may take longer than the whole operation.
      expect(timeoutMs).toBe(Math.min(1_000, 2_500 - clock.ms))
      clock.ms += timeoutMs ?? 0
      throw new Error(`attempt ${attempts}`)
    },
    { ...patience(2, clock), operationMs: 2_500 },
  )
  await expect(trying).rejects.toThrow('attempt 3')
})

test('what no other member would answer otherwise is not tried again', async () => {
  const full = new QuorateError('etcd', 'full', { cause: new ConnectError('x', Code.ResourceExhausted) })
  let attempts = 0
  const trying = withRetries(async () => {
    attempts += 1
    throw full
  }, patience(3))
  await expect(trying).rejects.toBe(full)
  expect(attempts).toBe(1)
})

test('the signal ends it', async () => {
  const stopping = new AbortController()
  const trying = withRetries(
    async () => {
      setTimeout(() => stopping.abort(), 1)
      throw refused()
    },
    { ...patience(1), signal: stopping.signal },
  )
  await expect(trying).rejects.toMatchObject({ code: 'cancelled' })
})

test('a member that failed is passed over, longer each time, and taken again', () => {
  const clock = { ms: 0 }
  const { endpoints } = patience(2, clock)
  const chosen = () => new Set(Array.from({ length: 6 }, () => endpoints.choose().name))
  expect(chosen()).toEqual(new Set(['etcd01', 'etcd02']))
  endpoints.failed('etcd01', refused())
  // One failure, although many attempts end with it.
  endpoints.failed('etcd01', refused())
  expect(chosen()).toEqual(new Set(['etcd02']))
  clock.ms = 500
  expect(chosen()).toEqual(new Set(['etcd01', 'etcd02']))
  endpoints.failed('etcd01', refused())
  clock.ms = 1_400
  expect(chosen()).toEqual(new Set(['etcd02']))
  // If none works, the one that may be retried first.
  endpoints.failed('etcd02', refused())
  expect(chosen()).toEqual(new Set(['etcd01']))
})

test('a client that asks every second time gets each of two members', () => {
  const { endpoints } = patience(2)
  const names = Array.from({ length: 8 }, () => endpoints.choose().name)
  expect(new Set(names.filter((_, turn) => turn % 2 === 0)).size).toBe(2)
})
