import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import type { UpgradePreview } from '../verbs/upgrade/examine.ts'
import { renderUpgrade, upgradeLosses, upgradeQuestion } from './render-upgrade.ts'

const colors = createColors(false)

const PREVIEW: UpgradePreview = {
  direction: 'upgrade',
  from: ['3.4.23'],
  to: '3.5.16',
  clusterVersion: '3.4',
  order: ['etcd02', 'etcd03', 'etcd01'],
  canarySeconds: 10,
  snapshotBytes: 12 * 1024 ** 2,
  seconds: 34,
  pointOfNoReturn: true,
  downgrade: null,
  cancels: null,
  outage: false,
  fileEdits: ['etcd.version'],
  problems: [],
}

test('the members, their order, what happens before and after, and until when a rollback is possible', () => {
  expect(renderUpgrade('prod', PREVIEW, colors)).toBe(`prod: etcd 3.4.23 → 3.5.16
  first     etcd02, and watch it for 10 s
  then      etcd03
  last      etcd01
  before    save a snapshot (12 MiB) in the state directory
  after     write etcd.version in the cluster file
  rollback  quorate upgrade --abort, until the last member has left 3.4; then only with the snapshot
  about 34 s
`)
  expect(upgradeQuestion(PREVIEW)).toBe(
    'Run etcd 3.5.16 on etcd02, etcd03, etcd01, one after the other? After the last member runs it, only the snapshot returns to 3.4.23.',
  )
})

test('blocked: the reasons alone, what holds for several members once', () => {
  const reason = { severity: 'blocker', message: 'too far', hint: 'go by way of 3.4' } as const
  const problems = [
    { ...reason, host: 'etcd01' },
    { ...reason, host: 'etcd02' },
    { severity: 'warning', message: 'old' } as const,
  ]
  expect(renderUpgrade('prod', { ...PREVIEW, problems }, colors)).toBe(`prod: etcd 3.4.23 → 3.5.16
  ✗ etcd01, etcd02: too far
    fix: go by way of 3.4
  ! old
`)
})

test('the rollback names no canary and no risk', () => {
  const back = { ...PREVIEW, direction: 'abort', from: ['3.5.16'], to: '3.4.23', order: ['etcd02'] } as const
  const preview = { ...back, canarySeconds: 0, snapshotBytes: null, pointOfNoReturn: false, fileEdits: [] }
  expect(renderUpgrade('prod', preview, colors)).toContain('etcd 3.5.16 back to 3.4.23\n  member  etcd02\n')
  expect(upgradeQuestion(preview)).toBe('Return to etcd 3.4.23?')
})

test('fewer than three members: the question says that no write is possible during restarts', () => {
  expect(upgradeQuestion({ ...PREVIEW, order: ['etcd01'], outage: true, pointOfNoReturn: false })).toBe(
    'Run etcd 3.5.16 on etcd01? With fewer than three members, etcd accepts no writes while one restarts.',
  )
})

test('a downgrade names what etcd does first, and until when it can be canceled', () => {
  const down = { ...PREVIEW, from: ['3.6.16'], to: '3.5.35', clusterVersion: '3.6' } as const
  const preview = { ...down, downgrade: '3.5', pointOfNoReturn: false }
  const text = renderUpgrade('prod', preview, colors)
  expect(text).toContain('downgrade  downgrade of etcd to 3.5')
  expect(text).toContain('rollback   quorate upgrade --abort, until the last member runs 3.5')
  expect(upgradeQuestion(preview)).toBe(
    'Downgrade to etcd 3.5.35 on etcd02, etcd03, etcd01, one after the other?',
  )
})

test('without a member to restart, the question is whether the downgrade is canceled', () => {
  const preview = {
    ...PREVIEW,
    direction: 'abort',
    from: [],
    order: [],
    fileEdits: [],
    cancels: '3.6',
  } as const
  expect(
    renderUpgrade('prod', { ...preview, snapshotBytes: null, pointOfNoReturn: false }, colors),
  ).toContain('cancel the downgrade of etcd to 3.6')
  expect(upgradeQuestion(preview)).toBe('Cancel the downgrade to etcd 3.6?')
})

test('the rollback from a minor that etcd can downgrade uses that downgrade', () => {
  const up = {
    ...PREVIEW,
    from: ['3.5.35'],
    to: '3.6.16',
    clusterVersion: '3.5',
    pointOfNoReturn: false,
  } as const
  expect(renderUpgrade('prod', up, colors)).toContain(
    'after the last member runs it, with a downgrade of etcd',
  )
})

test('the confirmation of an upgrade says what is lost and kept, and whether writes stop', () => {
  expect(upgradeLosses(PREVIEW)).toEqual({
    loses:
      'no data; once every member runs 3.5.16, a return to 3.4.23 needs the snapshot and loses later writes',
    keeps: 'all data, and a snapshot from before the upgrade (12 MiB)',
    downtime: 'none for clients that know all members; 3 members to restart, one at a time',
  })
  const one = { ...PREVIEW, order: ['etcd01'], outage: true, pointOfNoReturn: false, snapshotBytes: null }
  expect(upgradeLosses(one)).toEqual({
    loses: 'no data',
    keeps: 'all data',
    downtime: 'no writes while a member restarts; 1 member to restart',
  })
  expect(upgradeLosses({ ...PREVIEW, order: [] })).toBeUndefined()
})
