import { expect, test } from 'vitest'
import { sampleCluster } from '../../etcd/sample.ts'
import { parseDf } from './supplies.ts'
import { upgradeTarget } from './target.ts'

const release = { kind: 'release', url: 'u', checksums: 'c', proxy: undefined } as const
const folder = { kind: 'file', path: '/srv/etcd', sha256: undefined } as const

test('from Debian, the suite comes along where it is known', () => {
  const { cluster, edits } = upgradeTarget(sampleCluster(), { to: '3.5.30' })
  expect(cluster.etcd).toMatchObject({ version: '3.5.30', source: { kind: 'debian', suite: 'sid' } })
  expect(edits).toEqual([
    { path: ['etcd', 'version'], value: '3.5.30' },
    { path: ['etcd', 'source', 'debian', 'suite'], value: 'sid' },
  ])
  expect(() => upgradeTarget(sampleCluster(), { to: '3.5.31' })).toFail('usage/unknown-suite', {
    says: 'etcd 3.5.31 ',
    fix: '--suite',
  })
  const named = upgradeTarget(sampleCluster(), { to: '3.5.31', suite: 'forky' })
  expect(named.cluster.etcd.source).toMatchObject({ suite: 'forky' })
})

test('from a release only the version changes', () => {
  const { edits } = upgradeTarget(sampleCluster({ source: release }), { to: '3.5.33' })
  expect(edits).toEqual([{ path: ['etcd', 'version'], value: '3.5.33' }])
})

test('from a file, the new one has to be named, and a pinned one written by hand', () => {
  const cluster = sampleCluster({ source: folder })
  expect(() => upgradeTarget(cluster, { to: '3.5.33' })).toFail('usage/no-path-for-the-version', {
    says: 'etcd 3.5.33:',
    fix: '--path',
  })
  expect(upgradeTarget(cluster, { to: '3.5.33', path: '/srv/new' }).edits).toContainEqual({
    path: ['etcd', 'source', 'file', 'path'],
    value: '/srv/new',
  })
  const pinned = sampleCluster({ source: { ...folder, sha256: 'aa' } })
  expect(() => upgradeTarget(pinned, { to: '3.5.33', path: '/srv/new' })).toFail('usage/pinned-source', {
    says: 'etcd.source.file.sha256',
  })
})

test('the version that the file names needs nothing else, wherever it comes from', () => {
  for (const source of [sampleCluster().etcd.source, release, folder]) {
    expect(upgradeTarget(sampleCluster({ source }), {}).edits).toEqual([])
    expect(upgradeTarget(sampleCluster({ source }), { to: '3.5.16' }).edits).toEqual([])
  }
})

test('options of another source, and versions that are none, are refused', () => {
  expect(() => upgradeTarget(sampleCluster({ source: release }), { to: '3.5.33', suite: 'sid' })).toFail(
    'usage/option-of-another-source',
    { says: '--suite' },
  )
  expect(() => upgradeTarget(sampleCluster(), { to: '3.5.30', path: '/srv' })).toFail(
    'usage/option-of-another-source',
    { says: '--path' },
  )
  expect(() => upgradeTarget(sampleCluster(), { to: '3.5' })).toFail('cluster-file/not-an-exact-version', {
    says: "'3.5'",
  })
})

test('the free space that df reports', () => {
  const text = `Filesystem     1024-blocks    Used Available Capacity Mounted on
overlay           10255636 3411108   6301956      36% /
/dev/with space     100000   90000     10000      90% /usr/local/my bin
`
  expect(parseDf(text)).toEqual([
    { mount: '/', freeBytes: 6_301_956 * 1024 },
    { mount: '/usr/local/my bin', freeBytes: 10_240_000 },
  ])
})
