import { expect, test } from 'vitest'
import type { HostState } from '../../../host/state.ts'
import { namesOf } from './certificates.ts'
import { BUNDLE, settledWorld, testCluster, withMember } from './testing.ts'

const cluster = testCluster()
const [first, second] = cluster.nodes as [(typeof cluster.nodes)[number], (typeof cluster.nodes)[number]]

/** The addresses of etcd01's certificates, besides the loopback addresses, with this state of its node. */
function addresses(change: Parameters<typeof withMember>[2], wanted = cluster): readonly string[] {
  const host: HostState | undefined = withMember(settledWorld(cluster), 'etcd01', change).hosts['etcd01']
  const node = wanted.nodes.find(({ name }) => name === 'etcd01') ?? first
  return namesOf(wanted, node, 'etcd', { host, authority: { bundle: BUNDLE } }).ips.filter(
    (ip) => !['127.0.0.1', '::1'].includes(ip),
  )
}

const moved = testCluster({ nodes: [{ ...first, address: '10.0.0.1' }, ...cluster.nodes.slice(1)] })

test('a member carries the address of the file, and the one that it still runs at', () => {
  expect(addresses({})).toEqual(['192.168.0.1'])
  expect(addresses({}, moved)).toEqual(['10.0.0.1', '192.168.0.1'])
})

test('and those that it calls its peers from: etcd turns others away', () => {
  expect(addresses({ sources: ['192.168.0.1'] })).toEqual(['192.168.0.1'])
  expect(addresses({ sources: ['172.16.0.9'] })).toEqual(['192.168.0.1', '172.16.0.9'])
})

test("never another node's", () => {
  expect(addresses({ sources: [second.address] })).toEqual(['192.168.0.1'])
})

test('other content of the machine is no reason to transfer requests', () => {
  expect(addresses({ addresses: ['192.168.0.1', '172.17.0.1'] })).toEqual(['192.168.0.1'])
})
