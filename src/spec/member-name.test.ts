import { expect, test } from 'vitest'
import { isReservedName, memberName } from './member-name.ts'
import { checkDnsName } from './values.ts'

test('clusters of other names have members of other names', () => {
  expect(memberName('prod')).toBe('member.prod.quorate.internal')
  expect(memberName('test')).not.toBe(memberName('prod'))
  expect(isReservedName(memberName('prod'))).toBe(true)
})

test.each([
  ['quorate.internal', true],
  ['MEMBER.Prod.Quorate.Internal', true],
  ['*.prod.quorate.internal', true],
  ['member.prod.quorate.internal.', true],
  ['notquorate.internal', false],
  ['member.prod.quorate.internal.example.org', false],
  ['quorate-operator', false],
])('%s is reserved: %s', (name, reserved) => expect(isReservedName(name)).toBe(reserved))

test('no node of a cluster file has such a name', () => {
  expect(checkDnsName('member.prod.quorate.internal')).toMatchObject({
    message: expect.stringContaining('reserved'),
  })
  expect(checkDnsName('etcd01.example.internal')).toBeUndefined()
})
