import { expect, test } from 'vitest'
import { ownerWarning, parseOwners } from './package-owner.ts'

const [debian] = parseOwners(['dpkg|etcd-server|install|user|/var/lib/etcd'])
const opt = ['/opt/etcd/data', '/opt/etcd/wal']

test('what a package says, and nothing that could not be typed', () => {
  expect(debian).toEqual({
    manager: 'dpkg',
    name: 'etcd-server',
    held: false,
    deletesUser: true,
    deletes: ['/var/lib/etcd'],
  })
  expect(parseOwners(['dpkg|a; reboot|install||', 'npm|etcd|install||', ''])).toEqual([])
})

test.each([
  [['/var/lib/etcd', '/var/lib/etcd/member/wal'], true],
  [['/var/lib/etcd/default'], true],
  [['/var/lib/etcd-data'], false],
  [opt, false],
])('%j is among what purging it deletes: %s', (directories, lost) => {
  const { message, fix } = ownerWarning(debian!, directories)
  expect(message).toMatch(/ etcd .*\/var\/lib\/etcd/)
  expect(message.includes(' data')).toBe(lost)
  expect(fix).toContain('apt-mark hold etcd-server')
})

test('one that is on hold needs nothing more; an RPM deletes neither', () => {
  expect(ownerWarning({ ...debian!, held: true }, opt).fix).toBeUndefined()
  const [rpm] = parseOwners(['rpm|etcd|install||'])
  expect(ownerWarning(rpm!, opt).message).not.toContain('purging')
})
