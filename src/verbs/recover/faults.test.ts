import { expect, test } from 'vitest'
import { QuorateError } from '../../errors.ts'
import { withKnownFaults } from './faults.ts'

const failed = new QuorateError('command', 'it failed', {
  host: 'etcd01',
  hint: 'look there',
})

test('where the copy fails, the hint has what is known of --force-new-cluster in this version', () => {
  expect(withKnownFaults(failed, '3.6.16')).toMatchObject({
    code: 'command',
    host: 'etcd01',
    message: 'it failed',
    hint: expect.stringMatching(/^look there\n.* etcd 3\.6\.16: --force-new-cluster .+\)$/),
  })
})

test('a version without such a fault, and another error, stay as they are', () => {
  expect(withKnownFaults(failed, '3.4.23')).toBe(failed)
  const other = new QuorateError('moved', 'gone')
  expect(withKnownFaults(other, '3.6.16')).toBe(other)
})
