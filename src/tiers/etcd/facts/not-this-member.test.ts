import { expect, test } from 'vitest'
import { settledWorld, testCluster } from '../plan/testing.ts'
import { notThisMember } from './not-this-member.ts'

const { cluster } = settledWorld(testCluster())
const members = cluster?.members ?? []
const [first, second] = members.map(({ id }) => id)

test('an ID that is none, or that of another member, is refused with the IDs that there are', () => {
  const there = members.map(({ name, id }) => `${name} ${id}`).join(', ')
  expect(() => notThisMember('etcd01', 'zzz', first ?? '', { members })).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: "'zzz' is not the ID of a member",
      hint: `use the ID of one of the members: ${there}`,
    }) as Error,
  )
  expect(() => notThisMember('etcd01', second ?? '', first ?? '', { members })).toThrow(
    `${second} is the ID of etcd02, not of etcd01`,
  )
})

test('an unknown ID may be that of the previous member: a second run does nothing, and says so', () => {
  expect(notThisMember('etcd01', '8e9e05c52164694d', first ?? '', { members })).toBe(
    `no member has ID 8e9e05c52164694d: it was already replaced, or is mistyped (etcd01 has ID ${first})`,
  )
})
