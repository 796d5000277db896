import { expect, test } from 'vitest'
import { readFigures, readPast } from './figures.ts'

const KEY = { key: 'quorate-recover-x', value: 'x' }
const hashed = (more = '') =>
  `[{"Endpoint":"http://127.0.0.1:2379","HashKV":{"header":{"revision":26},"hash":2322194583${more}}}]`
const LINES = [
  'recovered-keys 26 20',
  `recovered-hash ${hashed(',"compact_revision":10')}`,
  'recovered-status {"hash":1,"revision":26,"totalKey":30,"totalSize":24576}',
]

test('what etcdctl and its tool say of a copy', () => {
  expect(readFigures(LINES, 'etcd01')).toEqual({
    revision: 26,
    keys: { revision: 26, count: 20 },
    hash: { hash: 2322194583, compactRevision: 10 },
  })
  // etcdctl omits the revision of a history that was never compacted.
  expect(readPast([`recovered-past 27 ${hashed()}`], KEY)).toEqual({
    ...KEY,
    revision: 27,
    hash: 2322194583,
    compactRevision: 0,
  })
})

test.each([
  ['nothing', '', ''],
  ['help', ' ', 'Usage:'],
  ['half a line', '26', hashed().slice(0, -5)],
  ['something else', 'x y', '[{"HashKV":{"hash":"7"}}]'],
])('%s instead leaves them unknown', (_what, keys, hash) => {
  const lines = [`recovered-keys ${keys}`, `recovered-hash ${hash}`, ...LINES.slice(-1)]
  expect(readFigures(lines, 'etcd01')).toEqual({ revision: 26, keys: undefined, hash: undefined })
  expect(readPast([`recovered-past 27 ${hash}`], KEY)).toBeUndefined()
  expect(() => readFigures([`recovered-status ${hash}`], 'etcd01')).toFail('unhealthy/no-revision', {
    host: 'etcd01',
  })
})
