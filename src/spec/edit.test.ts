import { expect, test } from 'vitest'
import { editValues } from './edit.ts'
import { parseClusterFile } from './parse.ts'

const version = (value: string) => [{ path: ['etcd', 'version'], value }]

test.each([
  ['double quotes', 'etcd:\n  version: "3.5.16"   # ours\n', 'etcd:\n  version: "3.5.30"   # ours\n'],
  ['single quotes', "etcd: { version: '3.5.16' , x: 1 }\n", "etcd: { version: '3.5.30' , x: 1 }\n"],
  ['no quotes', 'etcd:\n    version:   3.5.16\n\n\n# end', 'etcd:\n    version:   "3.5.30"\n\n\n# end'],
  ['line ends of another system', 'etcd:\r\n  version: 3.5.16\r\n', 'etcd:\r\n  version: "3.5.30"\r\n'],
  ['a mark at the front', '\uFEFFetcd:\n  version: "3.5.16"\n', '\uFEFFetcd:\n  version: "3.5.30"\n'],
  ['an anchor', 'etcd:\n  version: &v "3.5.16"\n', 'etcd:\n  version: &v "3.5.30"\n'],
])('%s: the value is exchanged, and nothing else', (_how, before, after) => {
  expect(editValues(before, version('3.5.30'))).toBe(after)
})

test('several values, in any order', () => {
  const text = 'etcd:\n  source: { debian: { suite: trixie } } # where from\n  version: "3.5.16"\n'
  const edits = [...version('3.5.30'), { path: ['etcd', 'source', 'debian', 'suite'], value: 'sid' }]
  expect(editValues(text, edits)).toBe(
    'etcd:\n  source: { debian: { suite: sid } } # where from\n  version: "3.5.30"\n',
  )
})

test('the result parses to the intended values', () => {
  const nodes = 'nodes:\n  - { name: a, address: 192.0.2.1, roles: [etcd] }\n'
  const text = `name: x\n${nodes}etcd:\n  # the version\n  version: 3.4.23 # old\n`
  const { cluster } = parseClusterFile(editValues(text, version('3.5.16')), 'cluster.yaml')
  expect(cluster?.etcd.version).toBe('3.5.16')
})

test.each([
  ['an alias', 'x: &v "3.5.16"\netcd:\n  version: *v\n'],
  ['nothing', 'etcd:\n  settings: {}\n'],
  ['an empty value', 'etcd:\n  version:\n'],
])('%s: refused, with what to write by hand', (_what, text) => {
  const refused = () => editValues(text, version('3.5.30'))
  expect(refused).toFail('cluster-file/cannot-be-edited', {
    says: 'etcd.version ',
    fix: ': etcd.version: "3.5.30"',
  })
})
