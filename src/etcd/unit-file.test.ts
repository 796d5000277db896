import { expect, test } from 'vitest'
import { sampleCluster } from './sample.ts'
import { unitFile } from './unit-file.ts'

test('a pinned member asserts its data, one that is being made does not', () => {
  const cluster = sampleCluster()
  expect(unitFile({ cluster, pinned: false })).not.toMatch(/^Assert/m)
  const assertions = unitFile({ cluster, pinned: true }).match(/^Assert.*$/gm)
  expect(assertions).toEqual([
    'AssertDirectoryNotEmpty=/opt/etcd/data/member/snap',
    'AssertDirectoryNotEmpty=/opt/etcd/wal',
  ])
})

test.each([
  ['/opt/etcd/data', '/opt/etcd/wal', '/opt/etcd'],
  ['/var/lib/etcd', '/srv/wal/etcd', '/var/lib/etcd /srv/wal'],
  ['/var/lib/etcd', '/var/lib/etcd/member/wal', '/var/lib/etcd'],
])('with data in %s and the WAL in %s, only %s can be written', (dataDirectory, walDirectory, writable) => {
  const text = unitFile({ cluster: sampleCluster({ dataDirectory, walDirectory }), pinned: true })
  expect(text).toContain(`\nReadWritePaths=${writable}\n`)
})

test('no placeholder is left, and nothing but systemd lines', () => {
  for (const pinned of [true, false]) {
    const lines = unitFile({ cluster: sampleCluster(), pinned }).split('\n')
    const odd = lines.filter((line) => !/^$|^#|^\[\w+\]$|^[A-Z]\w+=(?!.*@[A-Z])/.test(line))
    expect(odd).toEqual([])
  }
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
  expect(() => unitFile({ cluster: sampleCluster({ dataDirectory }), pinned: false })).toThrow(
    /folder of etcd/,
  )
})
