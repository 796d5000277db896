import { expect, test } from 'vitest'
import { sampleKubernetes } from '../../../spec/sample-kubernetes.ts'
import { bareHost, sampleCluster } from '../../containerd/containerd.fixture.ts'
import { plan } from '../../etcd/plan/plan.ts'
import { bareWorld, testIntent } from '../../etcd/plan/testing.ts'
import type { Step } from '../../etcd/steps/steps.ts'
import { TIERS } from '../../tiers.ts'
import { kubernetesLooks } from '../looks.ts'

const cluster = {
  ...sampleCluster(),
  kubernetes: sampleKubernetes({ flannel: 'service' }),
  network: { prefix: '/coreos.com/network', config: { Network: '10.244.0.0/16' }, v2: false },
}

function waves(): readonly (readonly Step[])[] {
  const world = bareWorld(cluster)
  const hosts = Object.entries(world.hosts).map(([name, host]) => {
    const { services } = bareHost(name)
    return [name, { ...host, services }] as const
  })
  const observed = { ...world, hosts: Object.fromEntries(hosts), beside: {} }
  const { waves: all, blocked } = plan({ ...testIntent(cluster), beside: TIERS }, observed)
  expect(blocked).toEqual([])
  return all
}

test('flanneld as a service: its files, its pair for etcd and its start on every node, and no DaemonSet', () => {
  const steps = waves().flatMap((wave, at) => wave.map((step) => ({ at, step })))
  for (const host of ['master01', 'master02', 'worker01', 'worker02', 'worker03']) {
    const own = steps.filter(({ step }) => 'host' in step && step.host === host)
    const files = own.flatMap(({ step }) => (step.kind === 'service-file' ? [step.path] : []))
    expect(files).toEqual(
      expect.arrayContaining([
        '/etc/systemd/system/flanneld.service',
        '/usr/local/lib/quorate/flannel-cni.sh',
      ]),
    )
    const issued = own.findIndex(
      ({ step }) => step.kind === 'leaf-certificate' && step.leaf === 'flannel-client',
    )
    const trusted = own.findIndex(
      ({ step }) => step.kind === 'secret-file' && step.path === '/etc/ssl/flannel/ca.crt',
    )
    const started = own.findIndex(
      ({ step }) => step.kind === 'service-load' && step.unit === 'flanneld.service',
    )
    expect(Math.min(issued, trusted)).toBeGreaterThanOrEqual(0)
    expect(started).toBeGreaterThan(Math.max(issued, trusted))
    // It only needs etcd: no node waits for an API server with it.
    expect(own[started]?.at).toBe(steps.find(({ step }) => step.kind === 'kubeadm-manifests')?.at)
  }
})

test('flanneld is inspected where it is wanted', () => {
  const [, , , master] = cluster.nodes
  if (master === undefined) throw new RangeError('no master')
  const units = (kubernetes: typeof cluster.kubernetes) =>
    kubernetesLooks({ ...cluster, kubernetes }, master).flatMap(([name, values]) =>
      name === 'service' ? [(values as { readonly unit: string }).unit] : [],
    )
  expect(units(cluster.kubernetes)).toEqual(['kubelet.service', 'flanneld.service'])
  expect(units(sampleKubernetes())).toEqual(['kubelet.service'])
})
