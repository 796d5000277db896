import { expect, test } from 'vitest'
import { play } from './play.ts'
import { upgradingScenario } from './scenario.ts'

test('an upgrade while machines fail for a while: always done in the end', async () => {
  const { broken } = await play('upgrading', upgradingScenario)
  expect(broken).toBeUndefined()
}, 0)
