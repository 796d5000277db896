import { expect, test } from 'vitest'
import { etcdNodes, selectNodes } from './cluster.ts'
import { parseClusterFile } from './parse.ts'

const { cluster } = parseClusterFile(
  `name: test
nodes:
  - { name: etcd01, address: 198.18.9.1, roles: [etcd, service] }
  - { name: worker01, address: 198.18.9.2, roles: [worker] }
groups: { edge: [worker01] }
etcd: { version: "3.5.16" }
`,
  'cluster.yaml',
)

test.each([
  ['common', ['etcd01', 'worker01']],
  ['service', ['etcd01']],
  ['edge', ['worker01']],
  ['worker01', ['worker01']],
  ['master', []],
  ['nobody', []],
  ['constructor', []],
])('%s selects %j', (selector, names) => {
  expect(selectNodes(cluster!, selector).map(({ name }) => name)).toEqual(names)
})

test('etcd nodes are those with the role', () => {
  expect(etcdNodes(cluster!).map(({ name }) => name)).toEqual(['etcd01'])
})
