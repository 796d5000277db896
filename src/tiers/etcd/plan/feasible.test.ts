import { describe, expect, test } from 'vitest'
import type { Limits } from '../../../host/state.ts'
import { rejoinReasons, swapReasons } from './feasible.ts'
import { clusterOf, facts } from './members.fixture.ts'
import { plan } from './plan.ts'
import { bareWorld, settledWorld, testIntent, withMember, withMembers } from './testing.ts'

const DATA = '/opt/etcd/data'
const WAL = '/opt/etcd/wal'
const cluster = clusterOf(3)
const FREE = { freeBytes: 100e9, freeInodes: 1000 }
const LIMITS: Limits = { fixed: [], inside: {}, closed: {}, room: { '/opt/etcd': FREE, [DATA]: FREE } }

/** A plan to replace etcd02, on a node with these limits. */
function replaced(limits: Partial<Limits>, databaseBytes = 1000) {
  const space = { etcd01: { sizeBytes: databaseBytes, inUseBytes: 0, quotaBytes: undefined } }
  const world = { ...settledWorld(cluster), cluster: { ...facts(cluster), space } }
  const id = world.cluster.members.find(({ name }) => name === 'etcd02')?.id ?? ''
  const observed = withMember(world, 'etcd02', { limits: { ...LIMITS, ...limits } })
  return plan({ ...testIntent(cluster), replace: { etcd02: id } }, observed).blocked
}

describe('a member is not taken out of the cluster where it could not come back', () => {
  test('because there is nothing in the way, it is', () => {
    expect(replaced({})).toEqual([])
    expect(replaced({ fixed: [DATA] })).toEqual([])
  })

  test.each<[string, Partial<Limits>, RegExp]>([
    ['a data disk that is read-only', { fixed: [DATA], closed: { [DATA]: DATA } }, /^path-is-read-only: /],
    [
      'a parent in which no log can be made',
      { fixed: [DATA, WAL], closed: { '/opt/etcd': '/opt/etcd' } },
      /^path-is-read-only: .* \/opt\/etcd\/wal/m,
    ],
    ['a log that is a mount point', { fixed: [WAL] }, /^mount-point: .* \/opt\/etcd\/wal/],
    [
      'a mount point within the data',
      { inside: { [DATA]: [`${DATA}/member`] } },
      /^mount-point: .*\/opt\/etcd\/data\/member/,
    ],
    [
      'no inode for the directory that it is emptied into',
      { fixed: [DATA], room: { [DATA]: { ...FREE, freeInodes: 0 } } },
      /^no-free-space: .* \/opt\/etcd\/data .*inodes/,
    ],
    [
      'no room for a log',
      { room: { '/opt/etcd': { freeBytes: 1e6, freeInodes: 9 } } },
      /^no-free-space: .* \/opt\/etcd\/wal: 977 KiB .* \/opt\/etcd, 122 MiB /,
    ],
    [
      'a read-only /etc',
      { closed: { '/etc/systemd/system': '/etc/systemd/system' } },
      /^path-is-read-only: .* stop etcd\.service: \/etc\/systemd\/system /,
    ],
  ])('%s', (_what, limits, says) => {
    const reasons = replaced(limits)
    expect(reasons.map((reason) => reason.host)).toEqual(reasons.map(() => 'etcd02'))
    expect(reasons.map(({ id, message }) => `${id}: ${message}`).join('\n')).toMatch(says)
    for (const { hint } of reasons) expect(hint).toMatch(/./)
  })

  test('the database of the others has to have room', () => {
    expect(replaced({ room: { [DATA]: { freeBytes: 1e9, freeInodes: 9 } } }, 2e9)).toHaveLength(1)
    // A filesystem without a fixed number of inodes never runs out of them.
    expect(replaced({ room: { [DATA]: { freeBytes: 3e9, freeInodes: undefined } } }, 2e9)).toEqual([])
  })
})

test('where nothing is to be done nothing is asked of the machines', () => {
  const closed = { [DATA]: DATA, '/etc': '/etc', '/usr/local/bin': '/usr/local/bin' }
  const observed = withMembers({ ...settledWorld(cluster), cluster: facts(cluster) }, () => ({
    limits: { ...LIMITS, closed },
  }))
  expect(plan(testIntent(cluster), observed)).toEqual({ waves: [], blocked: [] })
})

test('a bare machine with a read-only /usr/local/bin: each step that it stops has one reason', () => {
  const limits = { ...LIMITS, closed: { '/usr/local/bin': '/usr' } }
  const { blocked } = plan(testIntent(cluster), withMember(bareWorld(cluster), 'etcd01', { limits }))
  expect(blocked.map(({ host, message }) => [host, message.includes('/usr is read-only')])).toEqual([
    ['etcd01', true],
  ])
})

test('what is replaced with a rename must be renamed', () => {
  expect(swapReasons(LIMITS, [DATA, WAL])).toEqual([])
  expect(swapReasons({ ...LIMITS, fixed: [DATA], inside: { [WAL]: ['/mnt'] } }, [DATA, WAL])).toHaveLength(2)
})

const messages = (limits: Partial<Limits>) =>
  rejoinReasons(cluster, { ...LIMITS, ...limits }, 2e9).map(({ id, message }) => `${id}: ${message}`)

test('a member that is to begin again without data: its directories count, and the room for what it gets', () => {
  expect(messages({ fixed: [DATA] })).toEqual([])
  expect(messages({ closed: { [DATA]: DATA } })).toEqual([expect.stringMatching(/^path-is-read-only: /)])
  expect(messages({ fixed: [WAL] })).toEqual([expect.stringMatching(/^mount-point: /)])
  expect(messages({ inside: { [DATA]: ['/mnt'] } })).toEqual([
    expect.stringContaining('the mount point /mnt'),
  ])
  const small = { freeBytes: 1e9, freeInodes: 9 }
  expect(messages({ room: { [DATA]: small, '/opt/etcd': FREE } })).toEqual([
    expect.stringContaining('needed'),
  ])
})
