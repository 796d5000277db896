import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Cluster } from '../spec/cluster.ts'
import type { KubernetesSpec } from '../spec/kubernetes.ts'
import { sampleKubernetes, sampleKubernetesCluster } from '../spec/sample-kubernetes.ts'
import { auditPolicy } from './audit-policy.ts'
import { kubeadmConfig } from './kubeadm-config.ts'

type Document = Readonly<Record<string, unknown>>

/** The documents for the first control-plane node, by kind. */
function documents(
  changes: Partial<KubernetesSpec> = {},
  more: Partial<Cluster> = {},
): Record<string, Document> {
  const cluster = { ...sampleKubernetesCluster(changes), ...more, kubernetes: sampleKubernetes(changes) }
  const master = cluster.nodes.find(({ name }) => name === 'master01')
  if (master === undefined) throw new RangeError('no master01')
  const all = parseAllDocuments(kubeadmConfig(cluster, master)).map((one) => one.toJS() as Document)
  return Object.fromEntries(all.map((one) => [String(one['kind']), one]))
}

interface Component {
  readonly extraEnvs: readonly { readonly name: string; readonly value: string }[]
  readonly extraArgs: readonly { readonly name: string; readonly value: string }[]
  readonly extraVolumes: readonly { readonly mountPath: string; readonly readOnly: boolean }[]
}

function componentOf(
  name: string,
  changes: Partial<KubernetesSpec> = {},
  more: Partial<Cluster> = {},
): Component {
  return documents(changes, more)['ClusterConfiguration']?.[name] as Component
}

/** A component's arguments in addition to kubeadm's own. */
function argumentsOf(component: string, changes: Partial<KubernetesSpec>, more: Partial<Cluster> = {}) {
  const { extraArgs } = componentOf(component, changes, more)
  expect(extraArgs.map(({ name }) => name)).toEqual(extraArgs.map(({ name }) => name).toSorted())
  return Object.fromEntries(extraArgs.map(({ name, value }) => [name, value]))
}

test('one file has all that the phases on a node need', () => {
  const all = documents()
  expect(Object.keys(all)).toEqual([
    'InitConfiguration',
    'ClusterConfiguration',
    'KubeletConfiguration',
    'KubeProxyConfiguration',
  ])
  expect(all['InitConfiguration']).toMatchObject({
    localAPIEndpoint: { advertiseAddress: '198.18.7.21', bindPort: 6443 },
    nodeRegistration: { name: 'master01', criSocket: 'unix:///run/containerd/containerd.sock' },
  })
  expect(all['ClusterConfiguration']).toMatchObject({
    kubernetesVersion: 'v1.37.2',
    controlPlaneEndpoint: 'service01:6443',
    networking: { serviceSubnet: '10.96.0.0/12', podSubnet: '10.244.0.0/16', dnsDomain: 'cluster.local' },
    etcd: {
      external: {
        endpoints: ['https://198.18.7.11:2379', 'https://198.18.7.12:2379', 'https://198.18.7.13:2379'],
        caFile: '/etc/ssl/kubernetes-etcd/ca.crt',
      },
    },
  })
})

test('kubeadm alone chooses CoreDNS: its upgrade knows no other version', () => {
  expect(documents()['ClusterConfiguration']).not.toHaveProperty('dns')
})

test('IPv6 addresses stand in brackets', () => {
  const nodes = sampleKubernetesCluster().nodes.map((node, index) => ({
    ...node,
    address: `2001:db8::${index + 1}`,
  }))
  const more = { nodes, loadBalancerUrl: 'https://[2001:db8::9]:443' }
  expect(documents({}, more)['ClusterConfiguration']).toMatchObject({
    controlPlaneEndpoint: '[2001:db8::9]:443',
    etcd: { external: { endpoints: expect.arrayContaining(['https://[2001:db8::1]:2379']) as unknown } },
  })
})

test('arguments of the cluster file come last, and never in the place of what quorate relies on', () => {
  const apiServer = {
    arguments: {
      'shutdown-delay-duration': '30s',
      'goaway-chance': '0.001',
      'audit-policy-file': '/other',
      'encryption-provider-config': '/other',
    },
  }
  expect(argumentsOf('apiServer', { apiServer })).toMatchObject({
    'shutdown-delay-duration': '30s',
    'goaway-chance': '0.001',
    'audit-log-maxage': '30',
    'audit-policy-file': '/etc/kubernetes/quorate/audit-policy.yaml',
    'encryption-provider-config': '/etc/kubernetes/quorate/encryption.yaml',
  })
})

test.each(['apiServer', 'controllerManager', 'scheduler'] as const)(
  'profiling of %s is off, unless the cluster file enables it',
  (component) => {
    expect(argumentsOf(component, {})['profiling']).toBe('false')
    expect(argumentsOf(component, { [component]: { arguments: { profiling: 'true' } } })['profiling']).toBe(
      'true',
    )
  },
)

test('what the API server reads is mounted as a directory: a single file would never change', () => {
  const { extraVolumes } = componentOf('apiServer')
  expect(extraVolumes.map(({ mountPath, readOnly }) => [mountPath, readOnly])).toEqual([
    ['/etc/kubernetes/quorate', true],
    ['/var/log/kubernetes/audit', false],
  ])
})

test('another audit policy is another manifest: an API server reads it at its start only', () => {
  const value = createHash('sha256').update(auditPolicy()).digest('hex')
  expect(componentOf('apiServer').extraEnvs).toContainEqual({ name: 'QUORATE_AUDIT_POLICY', value })
})

test('the controller-manager signs kubelets for as long as quorate would, where it has the key', () => {
  expect(argumentsOf('controllerManager', { pki: { caKey: 'masters', days: 30 } })).toHaveProperty(
    'cluster-signing-duration',
    '720h',
  )
  expect(argumentsOf('controllerManager', { pki: { caKey: 'home', days: 30 } })).not.toHaveProperty(
    'cluster-signing-duration',
  )
})

test.each([
  ['10.244.0.0/16', undefined, '24'],
  ['10.244.0.0/16', 26, '26'],
  // As flannel does it: a small network is divided into at least four parts.
  ['10.244.0.0/23', undefined, '25'],
  ['fd00:10:244::/56', undefined, '64'],
])('of %s each node gets what flannel would give it (SubnetLen %s): /%s', (podNetwork, SubnetLen, mask) => {
  const config = SubnetLen === undefined ? {} : { SubnetLen }
  const network = { prefix: '/coreos.com/network', config, v2: false }
  expect(argumentsOf('controllerManager', { podNetwork }, { network })['node-cidr-mask-size']).toBe(mask)
})

test('flanneld as a service assigns the subnets: then nothing else does', () => {
  const all = documents({ flannel: 'service' })
  expect(all['ClusterConfiguration']?.['networking']).not.toHaveProperty('podSubnet')
  expect(all['KubeProxyConfiguration']).toMatchObject({ clusterCIDR: '10.244.0.0/16' })
  expect(argumentsOf('controllerManager', { flannel: 'service' })).not.toHaveProperty('node-cidr-mask-size')
})

test('the same cluster gives the same text', () => {
  const cluster = { ...sampleKubernetesCluster(), kubernetes: sampleKubernetes() }
  const [, , , master] = cluster.nodes
  if (master === undefined) throw new RangeError('no master')
  expect(kubeadmConfig(cluster, master)).toBe(
    kubeadmConfig(structuredClone(cluster), structuredClone(master)),
  )
})
