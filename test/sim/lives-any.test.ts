import { expect, test } from 'vitest'
import { RUNS, play } from './play.ts'
import { anyScenario } from './scenario.ts'

test('everything at once: nothing is lost, and every run says why', async () => {
  const { ends, broken } = await play('anything', anyScenario)
  expect(broken).toBeUndefined()
  expect(ends.done).toBeGreaterThanOrEqual(Math.floor(RUNS / 10))
  expect(ends.blocked).toBeGreaterThanOrEqual(Math.floor(RUNS / 20))
}, 0)
