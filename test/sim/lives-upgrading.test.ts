import { expect, test } from 'vitest'
import { RUNS, play } from './play.ts'
import { upgradingScenario } from './scenario.ts'

test('an upgrade while machines fail for a while: always done in the end', async () => {
  const { ends, broken } = await play('upgrading', upgradingScenario)
  expect(broken).toBeUndefined()
  expect(ends).toEqual({ done: RUNS, blocked: 0, failed: 0 })
}, 0)
