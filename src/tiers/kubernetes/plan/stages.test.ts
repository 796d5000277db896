import { expect, test } from 'vitest'
import { PLACES } from '../../../kubernetes/places.ts'
import type { Observed } from '../../etcd/facts/observed.ts'
import { plan } from '../../etcd/plan/plan.ts'
import { bareWorld, testIntent } from '../../etcd/plan/testing.ts'
import { bareHost, sampleCluster } from '../../containerd/containerd.fixture.ts'
import { TIERS } from '../../tiers.ts'
import type { Step } from '../../etcd/steps/steps.ts'
import { FORESEEN } from '../../../host/leaves.ts'
import type { ServerFacts } from '../../../kubernetes/api-facts.ts'
import { tierFacts } from '../facts.ts'
import { READY, withManifests } from '../foreseen.ts'
import { COMPONENTS } from '../step.ts'
import { KUBELET } from './files.ts'
import { wantedManifests } from './manifests.ts'
import { stageSteps } from './stages.ts'

const cluster = sampleCluster()
const intent = { ...testIntent(cluster), beside: TIERS }

function bare(): Observed {
  const world = bareWorld(cluster)
  const hosts = Object.entries(world.hosts).map(([name, host]) => {
    // Like machines of the lab: no default route.
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
  // The first control-plane node alone, then all others at once, together with what is stored in the API.
  expect(manifests('master01')).toBeGreaterThan(0)
  expect(kubelet('master01')).toBe(manifests('master01'))
  expect(manifests('master02')).toBeGreaterThan(manifests('master01'))
  for (const host of ['master02', 'worker01', 'worker02', 'worker03'])
    expect(kubelet(host)).toBe(manifests('master02'))
  expect(kind('kubernetes-proof')).toBe(waves.length - 1)
  expect(kind('kubernetes-node-settings')).toBeGreaterThan(kubelet('worker01'))
  // Keys and files need no other node: they are in the first stage, with etcd's.
  expect(kind('leaf-key')).toBe(0)
  // HAProxy gets its CA while the first API server starts, and loads it in the next stage.
  const trusted = waveOf(waves, (step) => step.kind === 'service-file' && step.path === PLACES.balancerCa)
  expect(trusted).toBe(manifests('master01') + 1)
  const configured = waves.findLastIndex((wave) =>
    wave.some((step) => step.kind === 'service-load' && step.unit === 'haproxy.service'),
  )
  expect(configured).toBe(trusted + 1)
  expect(kind('kubernetes-await')).toBeGreaterThan(configured)
})

function established(
  servers: Readonly<Record<string, ServerFacts['state']>>,
  stale: readonly string[],
  kubelets: 'active' | 'inactive' = 'active',
  hidden: readonly string[] = [],
) {
  const hosts = Object.fromEntries(
    ['master01', 'master02'].map((name) => {
      const node = cluster.nodes.find((one) => one.name === name)!
      const wanted = wantedManifests(cluster, node, tierFacts(undefined))
      const source = stale.includes(name) ? { ...wanted, stamp: 'another' } : wanted
      const host = bareHost(name)
      const kubelet = { active: kubelets, enabled: true, masked: false, loading: false }
      const services = { ...host.services!, units: { [KUBELET]: kubelet } }
      const components = COMPONENTS.filter((one) => one !== 'apiserver' || !hidden.includes(name))
      return [name, { ...host, services: withManifests(services, components, source) }] as const
    }),
  )
  const facts = {
    ...tierFacts(undefined),
    ca: FORESEEN,
    api: { balancer: undefined, held: undefined, servers: {} },
  }
  const known = Object.entries(servers).map(([name, state]) => [name, { ...READY, state }] as const)
  const api = { ...facts.api, servers: Object.fromEntries(known) }
  return stageSteps(cluster, hosts, '', { ...facts, api }).flatMap((step) =>
    step.kind === 'kubeadm-manifests' || (step.kind === 'service-load' && step.unit === KUBELET)
      ? [`${step.host} ${step.kind}`]
      : [],
  )
}

test('manifests change on one master that serves at a time, and only while all others serve', () => {
  const both = ['master01', 'master02']
  expect(established({ master01: 'ready', master02: 'ready' }, both)).toEqual(['master01 kubeadm-manifests'])
  expect(established({ master01: 'ready', master02: 'ready' }, ['master02'])).toEqual([
    'master02 kubeadm-manifests',
  ])
  expect(established({ master01: 'ready', master02: 'not-ready' }, ['master01'])).toEqual([])
  // A broken one is fixed first, and if none serves, the first of them.
  expect(established({ master01: 'ready', master02: 'not-ready' }, both)).toEqual([
    'master02 kubeadm-manifests',
  ])
  expect(established({ master01: 'silent', master02: 'silent' }, both)).toEqual([
    'master01 kubeadm-manifests',
  ])
})

test('kubelets of masters that serve are started one at a time: each API server follows what lies there by then', () => {
  const serving = { master01: 'ready', master02: 'ready' } as const
  expect(established(serving, [], 'inactive')).toEqual(['master01 service-load'])
  expect(established(serving, ['master02'], 'inactive')).toEqual(['master01 service-load'])
  expect(established(serving, ['master01'], 'inactive')).toEqual([
    'master01 kubeadm-manifests',
    'master01 service-load',
  ])
  // A node that serves no client does not wait for others.
  const down = { master01: 'silent', master02: 'ready' } as const
  expect(established(down, [], 'inactive')).toEqual(['master01 service-load', 'master02 service-load'])
})

test('where an API server serves without its manifest, the kubelet starts together with that: it would only end it', () => {
  // The kubelet of the other one may have its API server follow another manifest, so it comes first.
  for (const state of ['ready', 'not-ready', 'refused'] as const)
    expect(established({ master01: 'ready', master02: state }, [], 'inactive', ['master01'])).toEqual([
      'master02 service-load',
    ])
  const both = ['master01', 'master02']
  expect(established({ master01: 'ready', master02: 'ready' }, [], 'inactive', both)).toEqual([
    'master01 kubeadm-manifests',
    'master01 service-load',
  ])
  // None of these serves clients.
  expect(established({ master01: 'silent', master02: 'silent' }, [], 'inactive', both)).toEqual([
    'master01 kubeadm-manifests',
    'master01 service-load',
    'master02 kubeadm-manifests',
  ])
})
