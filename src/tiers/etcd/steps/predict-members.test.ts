import { describe, expect, test } from 'vitest'
import { peerUrl } from '../../../etcd/configuration.ts'
import type { Cluster, Node } from '../../../spec/cluster.ts'
import type { Observed } from '../facts/observed.ts'
import { plan } from '../plan/plan.ts'
import {
  BARE_MEMBER,
  glance,
  settledWorld,
  stopped,
  testCluster,
  testIntent,
  withMember,
  withMembers,
} from '../plan/testing.ts'
import { formed } from './predict-members.ts'

const before = testCluster()

/** Set up by that file; no member answers. */
const silent: Observed = { ...withMembers(settledWorld(before), stopped), cluster: undefined }

function withNode(cluster: Cluster, name: string, change: Partial<Node>): Cluster {
  return {
    ...cluster,
    nodes: cluster.nodes.map((node) => (node.name === name ? { ...node, ...change } : node)),
  }
}

const reasons = (cluster: Cluster, world: Observed) =>
  plan(testIntent(cluster), world).blocked.map(({ host, id }) => `${host} ${id}`)

describe('what is refused once members answer is refused before they are started', () => {
  const lost = withMember(silent, 'etcd03', BARE_MEMBER)

  test('data that a member lost', () => {
    expect(reasons(before, lost)).toEqual(['etcd03 data-is-missing'])
  })

  test('the same under another name: its address is known', () => {
    expect(reasons(withNode(before, 'etcd03', { etcdName: 'another' }), lost)).toEqual([
      'etcd03 data-is-missing',
    ])
  })

  test('the same while another one waits for a quorum, and is to move', () => {
    const waits = withMember(lost, 'etcd01', ({ unit }) => ({
      logIdentity: { memberId: 'aa', clusterId: 'cdf818194e3a8c32' },
      unit: {
        ...unit,
        active: 'activating',
        environment: settledWorld(before).hosts['etcd01']?.member?.unit.environment,
      },
    }))
    const moved = withNode(before, 'etcd01', { address: '198.18.0.1' })
    expect(reasons(moved, waits)).toEqual(['etcd03 data-is-missing'])
  })

  test('the address of a member that the file no longer names', () => {
    const [first, second] = before.nodes
    if (first === undefined || second === undefined) throw new TypeError('no nodes')
    const cluster = { ...before, nodes: [{ ...second, address: first.address }] }
    const { etcd02 } = silent.hosts
    if (etcd02 === undefined) throw new TypeError('no host')
    const { blocked } = plan(testIntent(cluster), { ...silent, hosts: { etcd02 } })
    expect(blocked).toMatchObject([
      { id: 'address-is-taken', host: 'etcd02', message: expect.stringMatching(/\betcd01$/) },
    ])
  })
})

test('members that are not in the file are foreseen, and leave', () => {
  const smaller = { ...before, nodes: before.nodes.slice(0, 2) }
  const { etcd03: _gone, ...hosts } = silent.hosts
  const { waves, blocked } = plan(testIntent(smaller), { ...silent, hosts })
  expect(blocked).toEqual([])
  expect(waves.map(glance)).toEqual(
    expect.arrayContaining([
      ['etcd01 start', 'etcd01 ready', 'etcd02 start', 'etcd02 ready'],
      ['member-remove'],
    ]),
  )
})

test('members are foreseen at the addresses that they list, until a new one is announced', () => {
  const moved = withNode(before, 'etcd02', { address: '198.18.0.2' })
  const running = withMembers(silent, ({ unit }) => ({ unit: { ...unit, active: 'active' } }))
  const { members = [] } = formed(moved, running).cluster ?? {}
  expect(members.map(({ peerUrls }) => peerUrls)).toEqual(before.nodes.map((node) => [peerUrl(before, node)]))
})
