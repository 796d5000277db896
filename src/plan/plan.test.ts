import { expect, test } from 'vitest'
import { plan } from './plan.ts'
import { bareWorld, glance, settledWorld, testCluster, testIntent } from './testing.ts'
import { next } from './next.ts'

test('bare machines: the whole way is foreseen', () => {
  const cluster = testCluster()
  const { waves, blocked } = plan(testIntent(cluster), bareWorld(cluster))
  expect(blocked).toEqual([])
  expect(waves.map(glance)).toEqual([])
})
test('settled', () => {
  const cluster = testCluster()
  expect(next(testIntent(cluster), settledWorld(cluster))).toEqual({ kind: 'done' })
})
