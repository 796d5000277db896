import { expect, test } from 'vitest'
import { QuorateError, combineErrors, inFull } from './errors.ts'

test('a report in which an error ends has its hint too', () => {
  const full = new QuorateError('store', 'the bucket refuses: 403', { hint: 'see whose key this is' })
  expect(inFull(full)).toBe('the bucket refuses: 403; fix: see whose key this is')
  expect(inFull(new QuorateError('etcd', 'no answer'))).toBe('no answer')
  expect(inFull(new Error('x'))).toBe('x')
  expect(inFull('y')).toBe('y')
})

test('an error of several nodes keeps the IDs of its own code, each once', () => {
  const lost = new QuorateError('command', 'lost', { id: 'lost-the-lock' })
  const all = combineErrors([new QuorateError('command', 'other'), lost, lost])
  expect(all).toMatchObject({ code: 'command', id: 'lost-the-lock', ids: ['lost-the-lock'] })
  expect(combineErrors([new QuorateError('unreachable', 'away'), lost]).ids).toEqual([])
})

test('an error told with more keeps what is not changed', () => {
  const error = new QuorateError('command', 'no', { host: 'etcd01', impact: 'none', id: 'lost-the-lock' })
  expect(error.with({ hint: 'wait' })).toMatchObject({
    code: 'command',
    message: 'no',
    host: 'etcd01',
    impact: 'none',
    hint: 'wait',
    id: 'lost-the-lock',
  })
  expect(error.with({ message: 'never' }).message).toBe('never')
})
