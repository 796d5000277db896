import { expect, test } from 'vitest'
import { sampleKubernetesCluster } from '../spec/sample-kubernetes.ts'
import { checkFlannelForFile } from './file-check.ts'

function messages(network: string, flannel: 'daemonset' | 'service'): string[] {
  const config = { Network: network, SubnetLen: 24, Backend: { Type: 'vxlan' } }
  const cluster = {
    ...sampleKubernetesCluster({ flannel, podNetwork: network }),
    network: { prefix: '/coreos.com/network', config, v2: false },
  }
  return checkFlannelForFile(cluster).map(
    ({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`,
  )
}

test('as a service flannel has a share for every node of Kubernetes', () => {
  expect(messages('10.5.0.0/21', 'service')).toEqual([])
  // Four subnets, of which the first is never assigned.
  expect(messages('10.5.0.0/22', 'service')).toEqual([
    expect.stringMatching(/^error network\.Network: .* 3 nodes, .* 5 /),
  ])
  // Here the controller-manager divides the network.
  expect(messages('10.5.0.0/22', 'daemonset')).toEqual([])
})
