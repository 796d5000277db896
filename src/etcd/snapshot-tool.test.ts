import { expect, test } from 'vitest'
import { type SnapshotStatus, statusDifferences } from './snapshot-tool.ts'

/** One file of etcd 3.5.35 with 19 keys and 25 revisions, as these versions of the tool report it. */
const BY_3_5: SnapshotStatus = { hash: '2113680750', revision: '25', totalKey: '30', totalSize: '20480' }
const BY_3_6: SnapshotStatus = { ...BY_3_5, totalKey: '19' }

test('a file is the same for tools that count different things in it, whichever came first', () => {
  expect(statusDifferences(BY_3_5, BY_3_6)).toEqual([])
  expect(statusDifferences(BY_3_6, BY_3_5)).toEqual([])
})

test.each(['hash', 'revision', 'totalSize'] as const)('another %s is another file', (key) => {
  expect(statusDifferences(BY_3_5, { ...BY_3_6, [key]: '7' })).toEqual([`${key} ${BY_3_5[key]}, now 7`])
})
