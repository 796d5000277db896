import { expect, test } from 'vitest'
import { sampleCluster } from './sample.ts'
import { unitFile } from './unit-file.ts'

test('a member with its mark asserts its WAL, one without may start empty', () => {
  const assertions = unitFile({ cluster: sampleCluster() }).match(/^Assert.*$/gm)
  // `|`: one of the two is enough.
  expect(assertions).toEqual([
    'AssertPathExists=|!/etc/etcd/cluster-id',
    'AssertDirectoryNotEmpty=|/opt/etcd/wal',
  ])
})

test.each([
  ['/opt/etcd/data', '/opt/etcd/wal', '/opt/etcd'],
  ['/var/lib/etcd', '/srv/wal/etcd', '/var/lib/etcd /srv/wal'],
  ['/var/lib/etcd', '/var/lib/etcd/member/wal', '/var/lib/etcd'],
])('with data in %s and the WAL in %s, only %s can be written', (dataDirectory, walDirectory, writable) => {
  const text = unitFile({ cluster: sampleCluster({ dataDirectory, walDirectory }) })
  expect(text).toContain(`\nReadWritePaths=${writable}\n`)
})

test('no placeholder is left, and nothing but systemd lines', () => {
  const lines = unitFile({ cluster: sampleCluster() }).split('\n')
  const odd = lines.filter((line) => !/^$|^#|^\[\w+\]$|^[A-Z]\w+=(?!.*@[A-Z])/.test(line))
  expect(odd).toEqual([])
})

test.each([
  '/',
  '/opt',
  '/opt/with blank',
  '/opt/%n/data',
  '/opt/a"b',
  '/opt/etcd\nExecStartPre=/bin/sh',
  'opt/etcd',
])('refuses %j as a folder', (dataDirectory) => {
  expect(() => unitFile({ cluster: sampleCluster({ dataDirectory }) })).toFail(
    'cluster-file/unfit-directory',
    { says: `'${dataDirectory}'` },
  )
})
