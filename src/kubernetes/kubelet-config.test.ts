import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { KubernetesSpec } from '../spec/kubernetes.ts'
import { sampleKubernetes, sampleKubernetesCluster } from '../spec/sample-kubernetes.ts'
import { kubeletConfiguration, kubeletFile, storedKubeletConfiguration } from './kubelet-config.ts'
import { kubeletMark, kubeletUnit } from './kubelet-unit.ts'

const cluster = (changes: Partial<KubernetesSpec> = {}) => {
  const all = sampleKubernetesCluster(changes)
  return { ...all, kubernetes: sampleKubernetes(changes) }
}
const MACHINE = { cgroupDriver: 'systemd', resolvConf: '/etc/resolv.conf' } as const
const node = (name: string) => {
  const found = cluster().nodes.find((one) => one.name === name)
  if (found === undefined) throw new RangeError(name)
  return found
}
const file = (name: string, changes: Partial<KubernetesSpec> = {}) =>
  parse(kubeletFile(cluster(changes), node(name), MACHINE)) as Record<string, unknown>

test('access needs a certificate of the CA, or a permission that the API confirms', () => {
  expect(file('worker01')).toMatchObject({
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
    },
    authorization: { mode: 'Webhook' },
    readOnlyPort: 0,
    tlsCertFile: '/var/lib/kubelet/pki/kubelet.crt',
    tlsPrivateKeyFile: '/var/lib/kubelet/pki/kubelet.key',
  })
})

test('the cluster file changes defaults without affecting others, and never what quorate relies on', () => {
  const kubelet = {
    configuration: {
      cgroupDriver: 'cgroupfs',
      failCgroupV1: false,
      authentication: { anonymous: { enabled: true }, webhook: { cacheTTL: '1m0s' } },
      tlsCertFile: '/other',
      kind: 'Other',
    },
  }
  expect(kubeletConfiguration(sampleKubernetes({ kubelet }))).toMatchObject({
    kind: 'KubeletConfiguration',
    cgroupDriver: 'cgroupfs',
    failCgroupV1: false,
    protectKernelDefaults: true,
    clusterDNS: ['10.96.0.10'],
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true, cacheTTL: '1m0s' } },
    tlsCertFile: '/var/lib/kubelet/pki/kubelet.crt',
  })
  // Only clusters that ask for it run on what kubelets refuse by default.
  expect(kubeletConfiguration(sampleKubernetes())).not.toHaveProperty('failCgroupV1')
})

test('only masters start pods from files, and keep others off from the first moment', () => {
  expect(file('master01')).toMatchObject({
    staticPodPath: '/etc/kubernetes/manifests',
    registerWithTaints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
  })
  expect(file('worker01')).not.toHaveProperty('staticPodPath')
  expect(file('worker01')).not.toHaveProperty('registerWithTaints')
})

test('taints of the cluster file take the place of the usual ones, none at all included', () => {
  const taints = { master01: [], worker01: [{ key: 'gpu', value: 'yes', effect: 'NoExecute' as const }] }
  expect(file('master01', { taints })).not.toHaveProperty('registerWithTaints')
  expect(file('master02', { taints })).toHaveProperty('registerWithTaints')
  expect(file('worker01', { taints })).toHaveProperty('registerWithTaints', taints.worker01)
})

test('a kubelet requests no certificate that no component would sign', () => {
  expect(file('worker01')).toHaveProperty('rotateCertificates', true)
  const off = { pki: { caKey: 'home' as const, days: 365 } }
  expect(file('worker01', off)).toHaveProperty('rotateCertificates', false)
  // kubeadm enables it in what it stores for the cluster; that doesn't count as a difference.
  expect(storedKubeletConfiguration(sampleKubernetes(off))).toHaveProperty('rotateCertificates', true)
})

test('the unit says how the node is called and where it is, whatever its host name and routes are', () => {
  const unit = kubeletUnit('prod', node('worker01'))
  expect(unit).toContain(
    'ExecStart=/usr/local/bin/kubelet --config=/var/lib/kubelet/config.yaml --kubeconfig=/etc/kubernetes/kubelet.conf --hostname-override=worker01 --node-ip=198.18.7.31\n',
  )
  expect(unit).toContain(`the node worker01 ${kubeletMark('prod')}`)
  expect(unit).not.toContain('@')
})
