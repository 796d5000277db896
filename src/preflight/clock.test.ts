import { expect, test } from 'vitest'
import { judgeClocks } from './clock.ts'

/** Offsets in ms by host, each known to 10 ms. */
function judged(offsets: Readonly<Record<string, number>>, uncertaintyMs = 10) {
  const readings = Object.entries(offsets).map(
    ([host, offsetMs]) => [host, { offsetMs, uncertaintyMs }] as const,
  )
  return judgeClocks(new Map(readings)).map(({ host, result, found }) => [host ?? 'here', result, found])
}

test('clocks that agree are fine', () => {
  expect(judged({ a: 5, b: -5, c: 300 }).map(([, result]) => result)).toEqual(['ok', 'ok', 'ok', 'ok'])
})

test('one machine 3 s behind the others is named, and only that one', () => {
  expect(judged({ a: 0, b: -3000, c: 20 })).toEqual([
    ['a', 'ok', expect.stringMatching(/ 1 ms$/)],
    ['b', 'warning', expect.stringMatching(/^3 s behind .*± 20 ms/)],
    ['c', 'ok', expect.stringMatching(/ 20 ms$/)],
    ['here', 'ok', expect.stringMatching(/workstation, .* 10 ms$/)],
  ])
})

test('ten minutes put certificates at stake and stand in the way', () => {
  expect(judged({ a: 0, b: 600_000, c: 20 })[1]).toEqual([
    'b',
    'failure',
    expect.stringMatching(/^10 min ahead .*± 20 ms/),
  ])
})

test('of two machines, the one nearer to the workstation counts', () => {
  expect(judged({ a: -90_000, b: 40 }).map(([, result]) => result)).toEqual(['failure', 'ok', 'ok'])
  expect(judged({ a: 40, b: 90_000 }).map(([, result]) => result)).toEqual(['ok', 'failure', 'ok'])
})

test('if all machines agree and the workstation does not, no machine is blamed', () => {
  expect(judged({ a: 7_200_000, b: 7_200_010 }).map(([host, result]) => [host, result])).toEqual([
    ['a', 'ok'],
    ['b', 'ok'],
    ['here', 'failure'],
  ])
})

test('what a slow line leaves unknown is not held against a machine', () => {
  expect(judged({ a: 0, b: 1500, c: 0 }, 400)[1]?.[1]).toBe('ok')
  expect(judged({ a: 0, b: 1900, c: 0 }, 400)[1]?.[1]).toBe('warning')
})

test('without readings there is nothing to say', () => {
  expect(judgeClocks(new Map())).toEqual([])
})
