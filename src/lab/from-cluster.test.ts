import { existsSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Cluster, Node } from '../spec/cluster.ts'
import { sampleKubernetes } from '../spec/sample-kubernetes.ts'
import { labFromCluster } from './from-cluster.ts'
import { checkSpec } from './spec.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lab-cluster-'))
})
afterEach(async () => await rm(folder, { recursive: true, force: true }))

function node(name: string, address: string, more: Partial<Node> = {}): Node {
  const ssh = {
    host: address,
    user: 'root',
    port: undefined,
    identityFile: path.join(folder, 'key'),
    jump: undefined,
  }
  return { name, address, addresses: [], names: [], roles: ['etcd'], ssh, ...more }
}

function cluster(...nodes: Node[]): Cluster {
  const content: Partial<Cluster> = { name: 'demo', stateDirectory: folder, nodes, groups: {} }
  return { ...content, loadBalancerUrl: 'https://api.demo.test:6443' } as Cluster
}

test('a machine a node; the key is made, private, and lets in', async () => {
  const spec = await labFromCluster(cluster(node('etcd01', '198.18.7.11'), node('etcd02', '198.18.7.12')))
  checkSpec(spec)
  expect(spec).toMatchObject({ name: 'demo', folder: path.join(folder, 'lab') })
  expect(spec.machines.map(({ name, addresses }) => [name, ...addresses])).toEqual([
    ['etcd01', '198.18.7.11/24'],
    ['etcd02', '198.18.7.12/24'],
  ])
  expect(statSync(path.join(folder, 'key')).mode & 0o777).toBe(0o600)
  expect(spec.machines[0]?.authorizedKeys[0]).toMatch(/^ssh-ed25519 /)
  expect(await labFromCluster(cluster(node('etcd01', '198.18.7.11')))).toMatchObject({
    machines: [{ authorizedKeys: spec.machines[0]?.authorizedKeys }],
  })
})

test('networks are as large as the addresses need; further addresses and names come along', async () => {
  const spec = await labFromCluster(
    cluster(
      node('etcd01', '198.18.7.11', { addresses: ['2001:db8:7::11'], names: ['etcd01', 'one.test'] }),
      node('web', '198.18.8.12', { roles: ['service'] }),
    ),
  )
  expect(spec.machines[0]?.addresses).toEqual(['198.18.7.11/20', '2001:db8:7::11/64'])
  expect(spec.machines[1]?.addresses).toEqual(['198.18.8.12/20'])
  expect(spec.hosts).toEqual({ 'one.test': '198.18.7.11', 'api.demo.test': '198.18.8.12' })
})

test('machines that are to have a kubelet may run containers, and no others', async () => {
  const nodes = [
    node('etcd01', '198.18.7.11'),
    node('master01', '198.18.7.21', { roles: ['master'] }),
    node('worker01', '198.18.7.31', { roles: ['worker'] }),
    node('service01', '198.18.7.41', { roles: ['service'] }),
  ]
  const containers = async (more: Partial<Cluster>) =>
    (await labFromCluster({ ...cluster(...nodes), ...more })).machines
      .filter((machine) => machine.containers === true)
      .map(({ name }) => name)
  expect(await containers({ kubernetes: sampleKubernetes() })).toEqual(['master01', 'worker01'])
  expect(await containers({})).toEqual([])
})

test('another user than root has sudo', async () => {
  const { ssh } = node('a', '198.18.7.11')
  const spec = await labFromCluster(cluster(node('a', '198.18.7.11', { ssh: { ...ssh, user: 'ops' } })))
  expect(spec.machines[0]?.users).toEqual([{ name: 'ops', sudo: 'passwordless' }])
})

test('a node without a key is refused before anything is made', async () => {
  const { ssh } = node('a', '198.18.7.11')
  const spec = labFromCluster(cluster(node('a', '198.18.7.11', { ssh: { ...ssh, identityFile: undefined } })))
  await expect(spec).rejects.toMatchObject({ code: 'lab', host: 'a' })
  expect(existsSync(path.join(folder, 'key'))).toBe(false)
})
