import { expect, test } from 'vitest'
import { namedByNodes } from './member-names.ts'
import type { Cluster } from '../spec/cluster.ts'
import { sampleCluster } from './sample.ts'
import type { ListedMember } from './listed-member.ts'

const cluster = sampleCluster()
const [one, two, three] = cluster.nodes
const named: Cluster = {
  ...cluster,
  nodes: [one!, { ...two!, etcdName: 'etcd-192.168.0.2' }, { ...three!, etcdName: 'default' }],
}

function listed(name: string, at: number): ListedMember {
  return { id: BigInt(at), name, peerUrls: [`https://192.168.0.${at}:2380`], clientUrls: [], learner: false }
}

function namesIn(members: readonly ListedMember[], of: Cluster = named): string[] {
  return namedByNodes(of, members).map(({ name }) => name)
}

test('members have the names of their nodes, and keep their own as well', () => {
  const list = [listed('etcd01', 1), listed('etcd-192.168.0.2', 2), listed('default', 3), listed('', 4)]
  expect(namedByNodes(named, list).map(({ name, etcdName }) => [name, etcdName])).toEqual([
    ['etcd01', undefined],
    ['etcd02', 'etcd-192.168.0.2'],
    ['etcd03', 'default'],
    ['', undefined],
  ])
})

test("if every name is a node's, or unknown, the list stays unchanged", () => {
  const list = [listed('etcd01', 1), listed('etcd02', 2), listed('other', 9)]
  expect(namedByNodes(cluster, list)).toEqual(list)
})

test('a stranger with the name of a node that has another one in etcd is not taken for it', () => {
  expect(namesIn([listed('etcd-192.168.0.2', 2), listed('etcd02', 9)])).toEqual(['etcd02', 'etcd02 (9)'])
  expect(namesIn([listed('etcd02', 9)])).toEqual(['etcd02 (9)'])
})

test("of two members with one name, which etcd allows, the node's is the one at its address", () => {
  expect(namesIn([listed('default', 9), listed('default', 3)])).toEqual(['default (9)', 'etcd03'])
  // Somewhere else, the first: it may have moved.
  expect(namesIn([listed('default', 8), listed('default', 9)])).toEqual(['etcd03', 'default (9)'])
  expect(namesIn([listed('x', 8), listed('x', 9)])).toEqual(['x (8)', 'x (9)'])
  expect(namesIn([listed('etcd01', 9), listed('etcd01', 1)], cluster)).toEqual(['etcd01 (9)', 'etcd01'])
})
