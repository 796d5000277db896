import { expect, test } from 'vitest'
import { keepsKey } from '../plan/certificates.ts'
import { settledWorld, testCluster, withMember } from '../plan/testing.ts'
import { scratch } from '../../../pki/scratch.ts'
import { openssl } from '../../../pki/testing.ts'
import { keyOwnerFaults } from './key-owners.ts'

const cluster = testCluster()
const [one, two, three] = cluster.nodes as [
  (typeof cluster.nodes)[number],
  (typeof cluster.nodes)[number],
  (typeof cluster.nodes)[number],
]

function certificate(commonName: string, names: string): string {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key']
  const subject = ['-subj', `/CN=${commonName}`, '-addext', `subjectAltName=${names}`]
  return openssl(scratch(), 'req', '-x509', ...key, ...subject)
}

const LOOPBACK = 'DNS:localhost,IP:127.0.0.1'
const own = Object.fromEntries(
  cluster.nodes.map(({ name, address }) => [name, certificate(name, `IP:${address},${LOOPBACK}`)]),
)

/** Each node has a certificate and a key, its own by default. */
function faults(
  of: string,
  given: Readonly<
    Record<string, { readonly pem?: string; readonly key?: string; readonly addresses?: string[] }>
  >,
) {
  let world = settledWorld(cluster)
  for (const { name } of cluster.nodes) {
    const { pem = own[name] ?? '', key = `key of ${name}`, addresses = [] } = given[name] ?? {}
    world = withMember(world, name, ({ tls }) => ({
      addresses,
      tls: { ...tls, certificates: { etcd: { pem } }, keys: { etcd: key } },
    }))
  }
  const node = cluster.nodes.find(({ name }) => name === of) ?? one
  return keyOwnerFaults(cluster, world.hosts, node, 'etcd').map(({ code, message }) => `${code}: ${message}`)
}

test('a key next to a certificate of the node, and on no other machine, is its own', () => {
  expect(faults('etcd02', {})).toEqual([])
})

test('a copy of another machine gives up its copy of the key, and the other keeps it', () => {
  const clone = { etcd01: { pem: own['etcd03'] ?? '', key: 'key of etcd03' } }
  expect(faults('etcd01', clone)).toEqual([expect.stringMatching(/^foreign-key: .* etcd03$/)])
  expect(faults('etcd03', clone)).toEqual([])
})

test('also where that machine is out of sight', () => {
  const pem = certificate('etcd09', `IP:192.168.0.9,${LOOPBACK}`)
  expect(faults('etcd02', { etcd02: { pem } })).toEqual([
    expect.stringMatching(/^foreign-key: .*name .*address/),
  ])
})

test('of several with certificates of their own for one key the first keeps it', () => {
  const shared = { etcd02: { key: 'one' }, etcd03: { key: 'one' } }
  expect(faults('etcd02', shared)).toEqual([])
  expect(faults('etcd03', shared)).toEqual([expect.stringMatching(/^foreign-key: .* etcd02$/)])
})

test("one certificate for all members, as other tools issue it, counts as the first one's", () => {
  const all = cluster.nodes.map(({ address }) => `IP:${address}`).join(',')
  const pem = certificate('etcd', `${all},${LOOPBACK}`)
  const shared = Object.fromEntries(cluster.nodes.map(({ name }) => [name, { pem, key: 'one' }]))
  expect(faults('etcd01', shared)).toEqual([])
  expect(faults('etcd02', shared)).toEqual([expect.stringMatching(/^foreign-key: .* etcd01$/)])
})

test('a node that got another name, or has the address of before still, keeps its key', () => {
  expect(faults('etcd02', { etcd02: { pem: certificate('old', `IP:${two.address},${LOOPBACK}`) } })).toEqual(
    [],
  )
  const moved = { pem: certificate('old', `IP:10.1.1.1,${LOOPBACK}`), addresses: ['10.1.1.1'] }
  expect(faults('etcd03', { etcd03: moved })).toEqual([])
  expect(three.address).not.toBe('10.1.1.1')
})

test('and a key that is not its own is made again', () => {
  const observed = settledWorld(cluster)
  const certificates = { etcd01: { etcd: [{ code: 'foreign-key' as const, message: '' }] } }
  expect(keepsKey({ ...observed, certificates }, 'etcd01', 'etcd')).toBe(false)
})
