import { expect, test } from 'vitest'
import { judge, summarize } from './checks.ts'

test('the summary counts each result', () => {
  const { ok, warning, failure } = judge('a', 'x', 'X')
  const trouble = { found: 'f', remedy: 'r' }
  const checks = [
    ok({ found: 'f' }),
    ok({ found: 'f' }),
    ok({ found: 'f' }),
    warning(trouble),
    warning(trouble),
    failure(trouble),
  ]
  expect(summarize({ checks })).toEqual({ ok: 3, warnings: 2, failures: 1 })
})
