import { expect, test } from 'vitest'
import { sampleKubernetesCluster } from '../spec/sample-kubernetes.ts'
import { FLANNEL_CNI_SCRIPT, flannelUnit } from './flannel-unit.ts'

const cluster = sampleKubernetesCluster({ flannel: 'service' })
const worker = (() => {
  const found = cluster.nodes.find(({ name }) => name === 'worker01')
  if (found === undefined) throw new RangeError('no worker01')
  return found
})()

test('flanneld asks every member of etcd, with a certificate of its own, for its own address', () => {
  const [start] = flannelUnit(cluster, worker).match(/^ExecStart=.*$/m) ?? []
  expect(start?.split(' ')).toEqual([
    'ExecStart=/usr/local/bin/flanneld',
    '--etcd-endpoints=https://198.18.7.11:2379,https://198.18.7.12:2379,https://198.18.7.13:2379',
    '--etcd-prefix=/coreos.com/network',
    '--etcd-cafile=/etc/ssl/flannel/ca.crt',
    '--etcd-certfile=/etc/ssl/flannel/client.crt',
    '--etcd-keyfile=/etc/ssl/flannel/client.key',
    '--iface=198.18.7.31',
    '--ip-masq',
    '--subnet-file=/run/flannel/subnet.env',
  ])
  expect(flannelUnit(cluster, worker)).not.toContain('@')
})

test('once it is ready the runtime gets its configuration', () => {
  const unit = flannelUnit(cluster, worker)
  expect(unit).toContain(
    'ExecStartPost=/bin/sh /usr/local/lib/quorate/flannel-cni.sh /run/flannel/subnet.env /etc/cni/net.d/10-flannel.conflist\n',
  )
  expect(FLANNEL_CNI_SCRIPT).toContain('"type": "bridge"')
})

test('the prefix and IPv6 addresses of the cluster file', () => {
  const network = { prefix: '/flannel', config: { Network: '10.1.0.0/16' }, v2: false }
  const nodes = cluster.nodes.map((node, index) => ({ ...node, address: `2001:db8::${index + 1}` }))
  const unit = flannelUnit({ ...cluster, network, nodes }, worker)
  expect(unit).toContain('--etcd-prefix=/flannel ')
  expect(unit).toContain('--etcd-endpoints=https://[2001:db8::1]:2379,')
})
