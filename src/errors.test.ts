import { expect, test } from 'vitest'
import { QuorateError, inFull } from './errors.ts'

test('a report in which an error ends has its hint too', () => {
  const full = new QuorateError('store', 'the bucket refuses: 403', { hint: 'see whose key this is' })
  expect(inFull(full)).toBe('the bucket refuses: 403; fix: see whose key this is')
  expect(inFull(new QuorateError('etcd', 'no answer'))).toBe('no answer')
  expect(inFull(new Error('x'))).toBe('x')
  expect(inFull('y')).toBe('y')
})
