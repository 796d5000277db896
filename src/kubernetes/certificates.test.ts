import { expect, test } from 'vitest'
import { sampleKubernetes, sampleKubernetesCluster } from '../spec/sample-kubernetes.ts'
import { leafConfiguration, leavesOf } from './certificates.ts'

const cluster = {
  ...sampleKubernetesCluster(),
  loadBalancerUrl: 'https://kube.example.org:8443/',
  loadBalancer: { port: 8443, apiPort: 6443, virtualAddress: '192.0.2.99' },
}

function leaves(name: string) {
  const node = cluster.nodes.find((one) => one.name === name)
  if (node === undefined) throw new TypeError(name)
  return Object.fromEntries(leavesOf(cluster, node).map((leaf) => [leaf.id, leaf]))
}

test('a master has what kubeadm would make, an own pair for etcd, and what a kubelet has; a worker the latter', () => {
  expect(Object.keys(leaves('master01'))).toEqual([
    'apiserver',
    'apiserver-kubelet-client',
    'front-proxy-client',
    'etcd-client',
    'admin',
    'controller-manager',
    'scheduler',
    'kubelet-client',
    'kubelet-serving',
  ])
  expect(Object.keys(leaves('worker01'))).toEqual(['kubelet-client', 'kubelet-serving'])
  expect(Object.keys(leaves('etcd01'))).toEqual([])
  expect(Object.keys(leaves('service01'))).toEqual([])
})

test('flanneld as a service has a pair for etcd on every node', () => {
  const service = { ...cluster, kubernetes: sampleKubernetes({ flannel: 'service' }) }
  const pairs = service.nodes.flatMap((node) =>
    leavesOf(service, node).flatMap(({ id, authority, commonName, place }) =>
      id === 'flannel-client' && place.form === 'pair'
        ? [[node.name, authority, commonName, place.certificate]]
        : [],
    ),
  )
  const names = ['master01', 'master02', 'worker01', 'worker02', 'worker03']
  expect(pairs).toEqual(names.map((name) => [name, 'etcd', 'flanneld', '/etc/ssl/flannel/client.crt']))
})

test("the API server's certificate has every name that clients use, and no other", () => {
  const node = cluster.nodes.find(({ name }) => name === 'master02')
  expect(leaves('master02')['apiserver']).toMatchObject({
    authority: 'kubernetes',
    commonName: 'kube-apiserver',
    organizations: [],
    profile: 'serving',
    names: {
      dns: [
        'master02',
        ...(node?.names ?? []),
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        'kubernetes.default.svc.cluster.local',
        'kube.example.org',
      ],
      ips: [node?.address, '10.96.0.1', '192.0.2.99'],
    },
  })
  const byAddress = { ...cluster, loadBalancerUrl: 'https://[2001:db8::1]:6443', loadBalancer: undefined }
  const [apiserver] = leavesOf(byAddress, node ?? cluster.nodes[0]!)
  expect(apiserver?.names.ips).toEqual([node?.address, '10.96.0.1', '2001:db8::1'])
  expect(apiserver?.names.dns).not.toContain('[2001:db8::1]')
})

test("each CA signs its own certificates: etcd's only the pair for etcd", () => {
  const by = Object.groupBy(Object.values(leaves('master01')), ({ authority }) => authority)
  expect(by.etcd?.map(({ id }) => id)).toEqual(['etcd-client'])
  expect(by['front-proxy']?.map(({ id }) => id)).toEqual(['front-proxy-client'])
})

test('what runs on a master talks to its own API server, everybody else goes through the balancer', () => {
  const own = `https://${cluster.nodes.find(({ name }) => name === 'master01')?.address}:6443`
  const master = leaves('master01')
  for (const id of ['controller-manager', 'scheduler', 'kubelet-client'])
    expect({ id, server: master[id]?.kubeconfig?.server }).toEqual({ id, server: own })
  expect(master['admin']?.kubeconfig?.server).toBe('https://kube.example.org:8443')
  expect(leaves('worker01')['kubelet-client']).toMatchObject({
    commonName: 'system:node:worker01',
    organizations: ['system:nodes'],
    kubeconfig: { path: '/etc/kubernetes/kubelet.conf', server: 'https://kube.example.org:8443' },
    place: { form: 'joined' },
    rotates: true,
  })
})

test('no organization but those that its work needs, and none that rules the cluster unbound', () => {
  const groups = Object.values(leaves('master01')).flatMap(({ id, organizations }) =>
    organizations.map((name) => `${id} ${name}`),
  )
  expect(groups).toEqual([
    'apiserver-kubelet-client kubeadm:cluster-admins',
    'admin kubeadm:cluster-admins',
    'kubelet-client system:nodes',
    'kubelet-serving system:nodes',
  ])
})

test('a request says who it is for, and with which key', () => {
  const { 'kubelet-client': kubelet } = leaves('worker02')
  if (kubelet === undefined) throw new TypeError('no kubelet')
  const text = leafConfiguration(kubelet, 'ecdsa-p256')
  expect(text).toContain('0.O = system:nodes\nCN = system:node:worker02\n')
  expect(text).toMatch(/# key: ecdsa-p256\n$/)
  expect(text).not.toContain('subjectAltName')
  const long = { ...kubelet, commonName: `system:node:${'n'.repeat(60)}` }
  expect(() => leafConfiguration(long, 'ecdsa-p256')).toFail('pki/unfit-name', {
    says: long.commonName,
  })
})

test('a cluster without Kubernetes has none', () => {
  expect(() => leavesOf({ ...cluster, kubernetes: undefined }, cluster.nodes[0]!)).toThrow(TypeError)
  expect(sampleKubernetes().serviceNetwork).toBe('10.96.0.0/12')
})
