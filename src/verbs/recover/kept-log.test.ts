import { expect, test } from 'vitest'
import { QuorateError } from '../../errors.ts'
import { requireKeptLog } from './kept-log.ts'

const DECIDED = { lastTerm: 3n, lastIndex: 105n }

test.each([
  ['the same log', DECIDED],
  ['one that was written to', { lastTerm: 3n, lastIndex: 106n }],
  // A new leader replaces entries that were never committed.
  ['a shorter one of a later term', { lastTerm: 4n, lastIndex: 100n }],
])('%s is copied', (_, now) => {
  expect(requireKeptLog('etcd01', DECIDED, now)).toBe(now)
  expect(requireKeptLog('etcd01', undefined, now)).toBe(now)
})

test.each([
  ['a shorter log', { lastTerm: 3n, lastIndex: 104n }],
  ['one that ends in an earlier term', { lastTerm: 2n, lastIndex: 105n }],
  ['one that is not readable any more', undefined],
])('%s is not what was decided', (_, now) => {
  let refusal: unknown
  try {
    requireKeptLog('etcd01', DECIDED, now)
  } catch (error) {
    refusal = error
  }
  expect(refusal).toBeInstanceOf(QuorateError)
  expect(refusal).toMatchObject({ code: 'moved', host: 'etcd01' })
})
