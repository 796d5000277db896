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
  ['all', ['etcd01', 'worker01']],
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

test.each([{ groups: { all: ['worker01'] } }, { name: 'all' }])(
  'a group or a node that is called all is meant by that word: %j',
  ({ groups = {}, name = 'worker01' }) => {
    const nodes = cluster!.nodes.map((node) => (node.name === 'worker01' ? { ...node, name } : node))
    expect(selectNodes({ nodes, groups }, 'all').map((node) => node.name)).toEqual([name])
  },
)

test('etcd nodes are those with the role', () => {
  expect(etcdNodes(cluster!).map(({ name }) => name)).toEqual(['etcd01'])
})
