import { expect, test } from 'vitest'
import { cluster, GIB, goodFacts, node } from './machine.fixture.ts'
import { judgeSize } from './size.ts'

const disk = (sizeBytes: number, freeBytes: number, mountedOn = '/') => ({ sizeBytes, freeBytes, mountedOn })

const free = (freeBytes: number) =>
  judgeSize(cluster(), node(1), goodFacts({ dataDisk: disk(20 * GIB, freeBytes), walDisk: undefined })).find(
    ({ id }) => id === 'disk-free',
  )

test('a machine of the right size is fine', () => {
  const checks = judgeSize(cluster(), node(1), goodFacts())
  expect(checks.map(({ id, result }) => [id, result])).toEqual([
    ['cpus', 'ok'],
    ['memory', 'ok'],
    ['disk', 'ok'],
    ['disk-free', 'ok'],
  ])
})

test.each([
  ['cpus', { cpus: 1 }, '1', 'at least 2'],
  ['memory', { memoryBytes: 0.9 * GIB }, '922 MiB', 'at least 1 GiB'],
  ['disk', { dataDisk: disk(13 * GIB, 10 * GIB) }, '13 GiB', 'at least 15 GiB'],
])('too little stands in the way and names the key: %s', (id, facts, found, wanted) => {
  const check = judgeSize(cluster(), node(1), goodFacts(facts)).find((one) => one.id === id)
  expect(check).toMatchObject({ result: 'failure', found, wanted })
  expect(check?.remedy).toContain('`requirements`')
})

test('what the kernel keeps of 1 GiB is not missed', () => {
  const [, memory] = judgeSize(cluster(), node(1), goodFacts({ memoryBytes: 960 * 1024 ** 2 }))
  expect(memory?.result).toBe('ok')
})

test('of several roles the most demanding counts', () => {
  const both = node(1, { roles: ['etcd', 'worker'] })
  const [, memory] = judgeSize(cluster(), both, goodFacts())
  expect(memory).toMatchObject({ result: 'failure', wanted: 'at least 4 GiB' })
})

test("what can't be read is reported, not guessed", () => {
  const [cpus] = judgeSize(cluster(), node(1), goodFacts({ cpus: undefined }))
  expect(cpus).toMatchObject({ id: 'cpus', result: 'warning' })
})

test('a full disk stands in the way, a filling one is a warning', () => {
  expect(free(100 * 1024 ** 2)).toMatchObject({ result: 'failure', found: '100 MiB on /' })
  expect(free(GIB)).toMatchObject({ result: 'warning', found: '1 GiB on /' })
  expect(free(3 * GIB)).toMatchObject({ result: 'ok' })
})

test('a separate filesystem for the write-ahead log is inspected as well', () => {
  const facts = goodFacts({ walDisk: disk(GIB, 10 * 1024 ** 2, '/wal') })
  const checks = judgeSize(cluster(), node(1), facts).filter(({ id }) => id === 'disk-free')
  expect(checks.map(({ result, found }) => [result, found])).toEqual([
    ['ok', '15 GiB on /'],
    ['failure', '10 MiB on /wal'],
  ])
})

test('a larger quota wants more room', () => {
  const spec = cluster()
  const etcd = { ...spec.etcd, settings: { 'quota-backend-bytes': String(16 * GIB) } }
  const check = judgeSize({ ...spec, etcd }, node(1), goodFacts()).find(({ id }) => id === 'disk-free')
  expect(check?.result).toBe('warning')
})
