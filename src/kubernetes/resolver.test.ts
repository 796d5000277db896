import { expect, test } from 'vitest'
import { sampleKubernetesCluster } from '../spec/sample-kubernetes.ts'
import { nodeResolver } from './resolver.ts'

const [, , , master] = sampleKubernetesCluster().nodes

test.each([
  ['/etc/resolv.conf', '/etc/resolv.conf'],
  ['/run/systemd/resolve/resolv.conf', '/run/systemd/resolve/resolv.conf'],
  // Not inspected: as the kubelet would do by itself.
  [undefined, '/etc/resolv.conf'],
])('%s is used as it is', (resolver, path) => {
  if (master === undefined) throw new RangeError('no master')
  expect(nodeResolver(master, { resolver })).toEqual({ path, content: undefined })
})

test('without a DNS server, CoreDNS gets an address where nothing answers', () => {
  if (master === undefined) throw new RangeError('no master')
  expect(nodeResolver(master, { resolver: null })).toEqual({
    path: '/etc/kubernetes/quorate/resolv.conf',
    content: 'nameserver 198.18.7.21\n',
  })
})
