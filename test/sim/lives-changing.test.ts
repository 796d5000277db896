import { expect, test } from 'vitest'
import { play } from './play.ts'
import { changingScenario } from './scenario.ts'

test('a cluster that changes while its machines fail for a while: always done in the end', async () => {
  const { broken } = await play('changing', changingScenario)
  expect(broken).toBeUndefined()
}, 0)
