import { expect, test } from 'vitest'
import { cluster, goodFacts, node } from './machine.fixture.ts'
import { judgeOtherCluster } from './other-cluster.ts'

test.each([
  [undefined, []],
  ['test', []],
  ['other', ['failure']],
])('a mark of the cluster %s: %j', (pinned, results) => {
  const checks = judgeOtherCluster(cluster(), node(1), goodFacts({ pinned }))
  expect(checks.map(({ result }) => result)).toEqual(results)
})
