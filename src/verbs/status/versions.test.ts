import { expect, test } from 'vitest'
import type { ClusterView, MemberView, ReachableMember } from '../../etcd/view.ts'
import { versionStatus } from './versions.ts'

type Said = Partial<Pick<ReachableMember, 'version' | 'storageVersion' | 'downgradeTarget'>>

/** undefined: no answer. */
function view(...said: readonly (Said | undefined)[]): ClusterView {
  const members = said.map((one, index): MemberView => {
    const name = `etcd0${index + 1}`
    const reason = { kind: 'refused', message: 'nothing listens', hint: undefined } as const
    if (one === undefined) return { reachable: false, name, reason }
    return { reachable: true, name, ...one } as ReachableMember
  })
  return { members }
}

const OLD = { version: '3.5.35' }
const NEW = { version: '3.6.16', storageVersion: '3.6' }
const DOWN = { ...NEW, storageVersion: '3.5', downgradeTarget: '3.5' }

test.each([
  ['of 3.5', [OLD, OLD, OLD], '3.5'],
  ['half-way up', [OLD, { ...NEW, storageVersion: '3.5' }, OLD], '3.5'],
  ['of 3.6', [NEW, NEW, NEW], '3.6'],
  ['of 3.6, as far as it is heard', [NEW, undefined, NEW], '3.6'],
  ['of who knows what', [OLD, undefined, OLD], null],
])('a cluster %s: nothing is unfinished', (_what, said, version) => {
  expect(versionStatus('3.6.16', view(...said))).toEqual({ version, downgrade: null, versionTrouble: null })
})

test.each([
  ['nobody has gone down yet', '3.6.16', [DOWN, DOWN, DOWN], ['--to 3.5.35', 'quorate upgrade --abort']],
  ['one has', '3.6.16', [{ version: '3.5.32' }, DOWN, DOWN], ['--to 3.5.32', 'quorate upgrade --abort']],
  [
    'somebody else began it, and then a newer minor was started',
    '3.7.3',
    [{ ...DOWN, version: '3.7.3' }, DOWN, DOWN],
    ['--to 3.5.35', 'quorate etcdctl etcd01 -- downgrade cancel'],
  ],
])('a downgrade is enabled: %s', (_what, file, said, hints) => {
  const { downgrade, versionTrouble } = versionStatus(file, view(...said))
  expect({ downgrade, id: versionTrouble?.id }).toEqual({ downgrade: '3.5', id: 'downgrade-enabled' })
  for (const hint of hints) expect(versionTrouble?.hint).toContain(hint)
})

test('one member alone that says so, of several that could, lies or has not heard of its end', () => {
  const versions = [NEW, NEW, { ...NEW, downgradeTarget: '3.5' }]
  expect(versionStatus('3.6.16', view(...versions))).toMatchObject({ downgrade: null, versionTrouble: null })
  // Only the last member that still runs the newer minor can.
  expect(versionStatus('3.6.16', view(OLD, OLD, DOWN))).toMatchObject({ downgrade: '3.5' })
})

test('the cluster is of an older minor than all of its members', () => {
  const behind = { version: '3.7.3', storageVersion: '3.6' }
  expect(versionStatus('3.7.3', view(behind, behind))).toMatchObject({
    version: '3.6',
    versionTrouble: { id: 'version-behind' },
  })
  // The member that does not answer may be the cause.
  expect(versionStatus('3.7.3', view(behind, undefined)).versionTrouble).toBeNull()
})
