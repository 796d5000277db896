import { expect, test } from 'vitest'
import { RUNS, play } from './play.ts'
import { downgradingScenario } from './scenario.ts'

test('up and down and back again while machines fail for a while: always done in the end', async () => {
  const { ends, broken } = await play('downgrading', downgradingScenario)
  expect(broken).toBeUndefined()
  expect(ends).toEqual({ done: RUNS, blocked: 0, failed: 0 })
}, 0)
