import { expect, test } from 'vitest'
import { sampleKubernetesCluster } from '../../spec/sample-kubernetes.ts'
import { TIERS } from '../../tiers/tiers.ts'
import { chooseTier } from './choose-tier.ts'

const cluster = sampleKubernetesCluster()
const both = {
  ...cluster,
  nodes: cluster.nodes.map((node) =>
    node.name === 'etcd01' ? { ...node, roles: ['etcd', 'master'] as const } : node,
  ),
}
const plain = { ...cluster, kubernetes: undefined }

test('what a node carries is reset, if that is one thing', () => {
  expect(chooseTier(cluster, TIERS, { node: 'worker01' })).toBe('kubernetes')
  expect(chooseTier(cluster, TIERS, { node: 'etcd01' })).toBe('etcd')
  expect(chooseTier(plain, TIERS, { node: 'worker01' })).toBe('etcd')
  expect(chooseTier(plain, TIERS, {})).toBe('etcd')
})

test('where it is more than one, it has to be said', () => {
  expect(() => chooseTier(both, TIERS, { node: 'etcd01' })).toFail('usage/several-tiers', {
    says: /^etcd01 .*kubernetes and etcd/,
  })
  expect(() => chooseTier(cluster, TIERS, {})).toFail('usage/tier-depends-on-etcd', {
    says: 'kubernetes',
  })
  expect(() => chooseTier(cluster, TIERS, { tier: 'k8s' })).toFail('usage/no-such-tier', {
    says: "'k8s'",
  })
  expect(chooseTier(both, TIERS, { node: 'etcd01', tier: 'kubernetes' })).toBe('kubernetes')
  expect(chooseTier(cluster, TIERS, { tier: 'etcd' })).toBe('etcd')
})
