import { expect, test } from 'vitest'
import { RUNS, play } from './play.ts'
import { changingScenario } from './scenario.ts'

test('a cluster that changes while its machines fail for a while: nothing is lost, and nearly all are done in the end', async () => {
  const { ends, broken } = await play('changing', changingScenario)
  expect(broken).toBeUndefined()
  // Members that don't answer can't learn a member's new address: its operators have to take the change back.
  expect(ends.done).toBeGreaterThanOrEqual(Math.floor(RUNS * 0.9))
}, 0)
