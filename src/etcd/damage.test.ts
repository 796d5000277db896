import { expect, test } from 'vitest'
import { damageIn } from './damage.ts'

test.each([
  ['log', '{"level":"fatal","msg":"failed to read WAL, cannot be repaired","error":"walpb: crc mismatch"}'],
  ['log', 'read wal error (walpb: crc mismatch) and cannot be repaired'],
  [
    'log',
    'panic: tocommit(23) is out of range [lastIndex(20)]. Was the raft log corrupted, truncated, or lost?',
  ],
  [
    'database',
    '{"level":"panic","msg":"failed to recover v3 backend from snapshot","error":"failed to find database snapshot file (snap: snapshot file doesn\'t exist)"}',
  ],
  ['database', '{"level":"warn","msg":"failed to read a snap file","error":"snap: crc mismatch"}'],
  ['database', 'panic: freepages: failed to get all reachable pages (page 12: multiple references)'],
  ['database', 'panic: assertion failed: Page expected to be: 40, but self identifies as 0'],
  [
    'contents',
    '{"level":"fatal","msg":"checkInitialHashKV failed","error":"etcd01 found data inconsistency with peers"}',
  ],
])('%s: %s', (kind, line) => {
  expect(damageIn(`starting\n${line}\nexit status 2\n`)).toMatchObject([{ kind, line }])
})

test.each([
  '{"msg":"slow fdatasync"}',
  '{"msg":"dial tcp: connection refused"}',
  'panic: listen tcp 0.0.0.0:2379: bind: address already in use',
  'bad certificate',
  '',
])('no damage: %s', (line) => {
  expect(damageIn(line)).toEqual([])
})

test('what was logged before it last served is fixed', () => {
  const before = 'walpb: crc mismatch\n{"msg":"ready to serve client requests"}\n'
  expect(damageIn(`${before}received terminated signal\n`)).toEqual([])
  expect(damageIn(`${before}panic: tocommit(2) is out of range [lastIndex(1)]\n`)).toHaveLength(1)
})
