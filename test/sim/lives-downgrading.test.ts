import { expect, test } from 'vitest'
import { play } from './play.ts'
import { downgradingScenario } from './scenario.ts'

test('up and down and back again while machines fail for a while: always done in the end', async () => {
  const { broken } = await play('downgrading', downgradingScenario)
  expect(broken).toBeUndefined()
}, 0)
