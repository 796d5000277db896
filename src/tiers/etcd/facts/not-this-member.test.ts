import { expect, test } from 'vitest'
import { settledWorld, testCluster } from '../plan/testing.ts'
import { notThisMember } from './not-this-member.ts'

const { cluster } = settledWorld(testCluster())
const members = cluster?.members ?? []
const [first, second] = members.map(({ id }) => id)

test('an ID that is none, or that of another member, is refused with the IDs that there are', () => {
  const there = members.map(({ name, id }) => `${name} ${id}`).join(', ')
  expect(() => notThisMember('etcd01', 'zzz', first ?? '', { members })).toFail('usage/not-a-member-id', {
    says: "'zzz'",
    fix: `: ${there}`,
  })
  expect(() => notThisMember('etcd01', second ?? '', first ?? '', { members })).toFail(
    'usage/id-of-another-member',
    { says: new RegExp(`^${second} .*etcd02, .*etcd01$`) },
  )
})

test('an unknown ID may be that of the previous member: a second run does nothing, and says so', () => {
  expect(notThisMember('etcd01', '8e9e05c52164694d', first ?? '', { members })).toMatch(
    new RegExp(` 8e9e05c52164694d: .*etcd01 .* ${first}`),
  )
})
