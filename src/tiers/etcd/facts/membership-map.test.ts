import { expect, test } from 'vitest'
import { initialCluster, isNeverStarted, isMemberOf, rosterOf } from './membership-map.ts'
import { healthyCluster, testCluster } from '../plan/testing.ts'

const cluster = testCluster()
const facts = healthyCluster(cluster)
const [first, second, third] = facts.members
const node = cluster.nodes[2]!
const neverStarted = { id: 'a', name: '', clientUrls: [], learner: true }

test('members are known by their names, whatever their addresses', () => {
  const moved = { ...second!, peerUrls: ['https://198.18.0.9:2380'] }
  const { members, others, voters } = rosterOf(cluster, [first!, moved, third!], 3)
  expect([...members.keys()]).toEqual(['etcd01', 'etcd02', 'etcd03'])
  expect(members.get('etcd02')).toBe(moved)
  expect({ others, voters }).toEqual({ others: [], voters: 3 })
})

test('one without a name, or of another name, is known by its address', () => {
  const unnamed = { ...neverStarted, peerUrls: third!.peerUrls }
  expect(rosterOf(cluster, [first!, second!, unnamed], 2).members.get('etcd03')).toBe(unnamed)
  const renamed = { ...third!, name: 'old-name' }
  expect(rosterOf(cluster, [first!, second!, renamed], 3).members.get('etcd03')).toBe(renamed)
})

test('a name counts for more than an address: no member stands for two nodes', () => {
  // etcd03 was given the address of a member that still exists.
  const swapped = { ...third!, name: 'etcd02' }
  const { members, others } = rosterOf(cluster, [first!, second!, swapped], 3)
  expect(members.get('etcd02')).toBe(second)
  expect(members.get('etcd03')).toBe(swapped)
  expect(others).toEqual([])
})

test('who is of no node is another, and learners have no vote', () => {
  const ghost = { ...neverStarted, peerUrls: ['https://198.18.0.9:2380'] }
  const { members, others, voters } = rosterOf(cluster, [first!, second!, ghost], 2)
  expect([...members.keys()]).toEqual(['etcd01', 'etcd02'])
  expect({ others, voters }).toEqual({ others: [ghost], voters: 2 })
  expect(isNeverStarted(ghost)).toBe(true)
  expect(isNeverStarted(first!)).toBe(false)
})

test("a new member gets all members, with the cluster's URLs; only its own entry has its own name", () => {
  const own = { ...neverStarted, peerUrls: third!.peerUrls }
  const ghost = { ...neverStarted, id: 'b', peerUrls: ['https://198.18.0.9:2380'] }
  const list = { ...facts, members: [first!, second!, ghost, own] }
  expect(initialCluster(cluster, list, node)).toBe(
    'etcd01=https://192.168.0.1:2380,etcd02=https://192.168.0.2:2380,unnamed-b=https://198.18.0.9:2380,etcd03=https://192.168.0.3:2380',
  )
})

test('a new member gets the members by their names in etcd, and has its own', () => {
  const nodes = cluster.nodes.map((one, at) =>
    at === 0 ? one : { ...one, etcdName: `etcd-192.168.0.${at + 1}` },
  )
  const wanted = { ...cluster, nodes }
  const members = [first!, { ...second!, etcdName: 'etcd-192.168.0.2' }, { ...third!, name: '' }]
  expect(initialCluster(wanted, { ...facts, members }, nodes[2]!)).toBe(
    'etcd01=https://192.168.0.1:2380,etcd-192.168.0.2=https://192.168.0.2:2380,etcd-192.168.0.3=https://192.168.0.3:2380',
  )
  const stranger = {
    ...second!,
    name: 'etcd02 (1f)',
    etcdName: 'etcd02',
    peerUrls: ['https://192.168.0.9:2380'],
  }
  expect(initialCluster(wanted, { ...facts, members: [stranger] }, nodes[0]!)).toBe(
    'etcd02=https://192.168.0.9:2380',
  )
})

test('a node that left is known by its name in etcd, which the cluster file no longer says', () => {
  const left = { ...node, name: 'etcd-1', etcdName: 'default' }
  expect(isMemberOf(left, { ...third!, name: 'default' })).toBe(true)
  expect(isMemberOf(left, { ...third!, name: 'default (1f)', etcdName: 'default' })).toBe(true)
  expect(isMemberOf(left, third!)).toBe(false)
})

test('two that were added and never started are distinguished', () => {
  const members = [first!, ...[second!, third!].map((one) => ({ ...one, name: '', clientUrls: [] }))]
  expect(initialCluster(cluster, { ...facts, members }, node)).toContain(
    'etcd02=https://192.168.0.2:2380,etcd03=',
  )
})
