import { expect, test } from 'vitest'
import { destination, overviewRows } from './overview.ts'
import { parseClusterFile } from './parse.ts'

test('a row a node, with all addresses, groups and the way there', () => {
  const { cluster } = parseClusterFile(
    `name: test
ssh: { user: root, jump: bastion }
nodes:
  - { name: etcd01, address: 2001:db8::1, addresses: [198.18.9.1], names: [e1.example.org], roles: [etcd], ssh: { port: 2222, jump: none } }
  - { name: worker01, address: 198.18.9.2, roles: [worker, service] }
groups: { zeta: [etcd01], all: [etcd01, worker01] }
etcd: { version: "3.5.16" }
`,
    'cluster.yaml',
  )
  expect(overviewRows(cluster!)).toEqual([
    {
      name: 'etcd01',
      addresses: ['2001:db8::1', '198.18.9.1'],
      names: ['e1.example.org'],
      roles: ['etcd'],
      groups: ['all', 'zeta'],
      ssh: 'root@[2001:db8::1]:2222',
    },
    {
      name: 'worker01',
      addresses: ['198.18.9.2'],
      names: [],
      roles: ['worker', 'service'],
      groups: ['all'],
      ssh: 'root@198.18.9.2 via bastion',
    },
  ])
})

test('what the file leaves to ssh is not shown', () => {
  const nothing = { user: undefined, port: undefined, identityFile: undefined, jump: undefined }
  expect(destination({ ...nothing, host: '2001:db8::1' })).toBe('2001:db8::1')
})
