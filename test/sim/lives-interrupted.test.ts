import { expect, test } from 'vitest'
import { RUNS, play } from './play.ts'
import { interruptedScenario } from './scenario.ts'

test('a tool that dies and machines that crash: always done in the end', async () => {
  const { ends, broken } = await play('interrupted', interruptedScenario)
  expect(broken).toBeUndefined()
  expect(ends).toEqual({ done: RUNS, blocked: 0, failed: 0 })
}, 0)
