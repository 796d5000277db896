import { expect, test } from 'vitest'
import type { Observed } from '../../etcd/facts/observed.ts'
import { plan } from '../../etcd/plan/plan.ts'
import { bareWorld, testIntent } from '../../etcd/plan/testing.ts'
import { bareHost, sampleCluster } from '../../containerd/containerd.fixture.ts'
import { TIERS } from '../../tiers.ts'
import type { Step } from '../../etcd/steps/steps.ts'

const cluster = sampleCluster()
const intent = { ...testIntent(cluster), beside: TIERS }

function bare(): Observed {
  const world = bareWorld(cluster)
  const hosts = Object.entries(world.hosts).map(([name, host]) => {
    // As machines of the lab: no default route.
    const { services } = bareHost(name, { reachesServices: false })
    return [name, { ...host, services }] as const
  })
  return { ...world, hosts: Object.fromEntries(hosts), beside: {} }
}

const waveOf = (waves: readonly (readonly Step[])[], wanted: (step: Step) => boolean) =>
  waves.findIndex((wave) => wave.some(wanted))

test('nine bare machines: the whole way is foreseen, and ends', () => {
  const { waves, blocked } = plan(intent, bare())
  expect(blocked).toEqual([])
  const manifests = (host: string) =>
    waveOf(waves, (step) => step.kind === 'kubeadm-manifests' && step.host === host)
  const kubelet = (host: string) =>
    waveOf(
      waves,
      (step) => step.kind === 'service-load' && step.unit === 'kubelet.service' && step.host === host,
    )
  const kind = (name: string) => waveOf(waves, (step) => step.kind === name)
  // The first master alone, then all others at once, together with what is kept in the API.
  expect(manifests('master01')).toBeGreaterThan(0)
  expect(kubelet('master01')).toBe(manifests('master01'))
  expect(manifests('master02')).toBeGreaterThan(manifests('master01'))
  for (const host of ['master02', 'worker01', 'worker02', 'worker03'])
    expect(kubelet(host)).toBe(manifests('master02'))
  expect(kind('kubernetes-proof')).toBe(waves.length - 1)
  expect(kind('kubernetes-node-settings')).toBeGreaterThan(kubelet('worker01'))
  // Keys and files need no other machine: they are in the first wave, with etcd's.
  expect(kind('leaf-key')).toBe(0)
})
