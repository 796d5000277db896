import { expect, test } from 'vitest'
import { OF_KUBERNETES, Violation } from '../violation.ts'
import { BROKEN } from './broken.ts'
import { live } from './life.ts'

test.each(BROKEN)('a planner that $what is caught: $breaks', async ({ planner, breaks, life }) => {
  await live(life)
  const caught = await live(life, planner).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(caught).toBeInstanceOf(Violation)
  expect((caught as Violation).invariant).toBe(breaks)
})

test('what must hold of Kubernetes alone has planners that break it', () => {
  const broken = new Set(BROKEN.map(({ breaks }) => breaks))
  expect(OF_KUBERNETES.filter((name) => !broken.has(name))).toEqual([])
})
