/** Which control-plane node's manifests change, and which stay because another API server is down. */
import type { KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_SERVICES } from '../../../host/services.ts'
import type { Hosts } from '../../../engine/tier.ts'
import type { ServerFacts } from '../../../kubernetes/api-facts.ts'
import type { Node } from '../../../spec/cluster.ts'
import { nodesWith } from '../../../spec/cluster.ts'
import { bareHost, sampleCluster } from '../../containerd/containerd.fixture.ts'
import type { KubernetesTierFacts } from '../facts.ts'
import { READY, withManifests } from '../foreseen.ts'
import { COMPONENTS, type Component } from '../step.ts'
import { KUBELET } from './files.ts'
import { wantedManifests } from './manifests.ts'
import { servingWithoutKubelet } from './masters.ts'
import { changedOf, manifestSteps } from './roll.ts'

const base = sampleCluster()
const [master01] = nodesWith(base, 'master')
if (master01 === undefined) throw new RangeError('no master')
const third: Node = { ...master01, name: 'master03', address: '10.0.0.29' }
const cluster: KubernetesCluster = { ...base, nodes: [...base.nodes, third] }
const masters = nodesWith(cluster, 'master')
const sums = (of: string) => ({
  ca: of,
  'ca-key': '',
  'front-proxy-ca': '',
  'service-account-key': '',
  'service-account-public-key': 'public',
  encryption: '',
  'etcd-ca': 'etcd',
})

type State = ServerFacts['state']

function facts(states: Readonly<Record<string, State>>, of = 'ca'): KubernetesTierFacts {
  const servers = Object.fromEntries(
    Object.entries(states).map(([name, state]) => [name, { ...READY, state }]),
  )
  return {
    ca: 'CA',
    leaves: {},
    sums: sums(of),
    api: { servers, balancer: undefined, held: undefined },
  }
}

const RUNS = { active: 'active', enabled: true, masked: false, loading: false } as const

/** Kubelets of these masters were stopped by hand; their pods run on. */
function withoutKubelets(hosts: Hosts, names: readonly string[]): Hosts {
  const own = Object.entries(hosts).map(([name, host]) => {
    if (!names.includes(name)) return [name, host] as const
    const units = { [KUBELET]: { ...RUNS, active: 'inactive' } }
    return [name, { ...host, services: { ...(host.services ?? NO_SERVICES), units } }] as const
  })
  return Object.fromEntries(own)
}

/** Exactly those of them that are down did not answer in time. */
function late({ api, ...known }: KubernetesTierFacts, names: readonly string[]): KubernetesTierFacts {
  const servers = Object.entries(api?.servers ?? {}).map(
    ([name, server]) => [name, { ...server, late: names.includes(name) }] as const,
  )
  return { ...known, api: { balancer: undefined, held: undefined, servers: Object.fromEntries(servers) } }
}

/** This control-plane node with the wanted manifests. */
function changed(hosts: Hosts, name: string): Hosts {
  const own = made(cluster)[name]
  if (own === undefined) throw new RangeError(`no ${name}`)
  return { ...hosts, [name]: own }
}

/** Control-plane nodes with manifests that were made from another cluster file, or from this one. */
function made(
  of: KubernetesCluster,
  components: readonly Component[] = COMPONENTS,
  names = masters.map(({ name }) => name),
): Hosts {
  const hosts = masters.map((node) => {
    const wanted = wantedManifests(of, node, facts({}))
    const bare = { ...NO_SERVICES, units: { [KUBELET]: RUNS } }
    const services = names.includes(node.name) ? withManifests(bare, components, wanted) : bare
    return [node.name, { ...bareHost(node.name), services }] as const
  })
  return Object.fromEntries(hosts)
}

const chosen = (hosts: Hosts, known: KubernetesTierFacts, wanted = cluster) =>
  manifestSteps(wanted, hosts, known, () => true).map(({ host, components }) => [host, ...components])

const ALL = { master01: 'ready', master02: 'ready', master03: 'ready' } as const
const renewed: KubernetesCluster = {
  ...cluster,
  nodes: cluster.nodes.map((node) => (node.name === 'etcd03' ? { ...node, address: '10.0.0.99' } : node)),
}

test('another etcd member is in every API server: masters take it one at a time, while all others serve', () => {
  let hosts = made(cluster)
  expect(chosen(hosts, facts(ALL))).toEqual([])
  const turns: string[] = []
  while (turns.length < masters.length) {
    const [step, ...more] = manifestSteps(renewed, hosts, facts(ALL), () => true)
    expect(more).toEqual([])
    const { host = '', components = [], stamp = '' } = step ?? {}
    turns.push(host)
    // No other node's turn comes while that one starts.
    const state = hosts[host]
    if (state === undefined) throw new RangeError(`no ${host}`)
    const { started } = wantedManifests(renewed, masters[0] as Node, facts({}))
    const services = withManifests(state.services ?? NO_SERVICES, components, { stamp, started })
    hosts = { ...hosts, [host]: { ...state, services } }
    expect(chosen(hosts, facts({ ...ALL, [host]: 'silent' }), renewed)).toEqual([])
  }
  expect(turns).toEqual(['master01', 'master02', 'master03'])
  expect(chosen(hosts, facts(ALL), renewed)).toEqual([])
})

test('another CA of etcd, or another key of service accounts, is another manifest; a scheduler reads neither', () => {
  const hosts = made(cluster)
  expect(chosen(hosts, facts(ALL, 'another CA'))).toEqual([['master01', 'apiserver', 'controller-manager']])
  // They are unknown yet: that isn't a reason to start anything again.
  expect(chosen(hosts, { ...facts(ALL), sums: undefined })).toEqual([])
})

test('one that is down is mended first, and never two together: what a look found may have passed since', () => {
  const hosts = made(renewed)
  expect(chosen(hosts, facts({ ...ALL, master02: 'silent' }))).toEqual([['master02', ...COMPONENTS]])
  const two = facts({ ...ALL, master01: 'not-ready', master03: 'silent' })
  expect(chosen(hosts, two)).toEqual([['master01', ...COMPONENTS]])
  // All down, for example after etcd moved, or while etcd elects a leader: each later observation fixes the next one.
  const down = { master01: 'silent', master02: 'not-ready', master03: 'silent' } as const
  expect(chosen(hosts, facts(down))).toEqual([['master01', ...COMPONENTS]])
  expect(chosen(changed(hosts, 'master01'), facts(down))).toEqual([['master02', ...COMPONENTS]])
})

test('one that is late may serve: it changes while all others do, or are as late, and then the others wait for it', () => {
  const hosts = made(renewed)
  const known = late(facts({ ...ALL, master02: 'silent', master03: 'silent' }), ['master02', 'master03'])
  expect(chosen(hosts, known)).toEqual([['master02', ...COMPONENTS]])
  // It is starting, whether it is late again or refuses connections.
  const started = changed(hosts, 'master02')
  expect(chosen(started, known)).toEqual([])
  expect(chosen(started, late(known, ['master03']))).toEqual([])
  expect(changedOf(['master02', 'master03'], cluster, started, known)).toEqual(['master02'])
  expect(changedOf(['master03'], cluster, started, known)).toEqual(['master03'])
  expect(chosen(started, late(facts({ ...ALL, master03: 'silent' }), ['master03']))).toEqual([
    ['master03', ...COMPONENTS],
  ])
  // One that is certainly down comes first, and one that is ready waits for both.
  expect(chosen(hosts, late(known, ['master02']))).toEqual([['master03', ...COMPONENTS]])
  expect(chosen(changed(started, 'master03'), known)).toEqual([])
})

test('a kubelet that is to start has its API server follow what lies there: no other master changes meanwhile', () => {
  // A run was killed between the manifests and the kubelet of master01: its API server is still the one of before.
  const hosts = withoutKubelets(changed(made(renewed), 'master01'), ['master01'])
  expect(chosen(hosts, facts(ALL))).toEqual([])
  expect(servingWithoutKubelet(cluster, hosts, facts(ALL))).toEqual(['master01'])
  expect(chosen(changed(made(renewed), 'master01'), facts(ALL))).toEqual([['master02', ...COMPONENTS]])
  // Its own manifests change with it, and it is one of several that are to start.
  const two = withoutKubelets(made(renewed), ['master02', 'master03'])
  expect(servingWithoutKubelet(cluster, two, facts(ALL))).toEqual(['master02', 'master03'])
  expect(chosen(withoutKubelets(changed(made(renewed), 'master01'), ['master02']), facts(ALL))).toEqual([
    ['master02', ...COMPONENTS],
  ])
  // An API server that serves no client can be changed at any time.
  const down = facts({ ...ALL, master01: 'silent' })
  expect(servingWithoutKubelet(cluster, hosts, down)).toEqual([])
})

test('an API server whose manifest was deleted while its kubelet was stopped serves on: it changes like any other', () => {
  for (const hidden of [['controller-manager', 'scheduler'], []] as const) {
    const own = made(renewed, hidden)['master01']
    if (own === undefined) throw new RangeError('no master01')
    const hosts = withoutKubelets({ ...made(renewed), master01: own }, ['master01'])
    expect(chosen(hosts, facts(ALL))).toEqual([['master01', ...COMPONENTS]])
    // Another one that is down comes first, and this one waits until that one serves.
    const down = facts({ ...ALL, master02: 'not-ready' })
    expect(chosen(hosts, down)).toEqual([['master02', ...COMPONENTS]])
    expect(chosen(changed(hosts, 'master02'), down)).toEqual([])
    expect(chosen(changed(hosts, 'master02'), facts(ALL))).toEqual([['master01', ...COMPONENTS]])
    // One that does not answer serves no client.
    expect(chosen(hosts, facts({ ...ALL, master01: 'silent' }))).toEqual([['master01', ...COMPONENTS]])
    // While one is down, it may be this one: never both together.
    expect(chosen(hosts, facts({ ...ALL, master01: 'not-ready', master03: 'silent' }))).toEqual([
      ['master01', ...COMPONENTS],
    ])
  }
  // All three: they take turns. One with a manifest comes first: its kubelet can start at once.
  const all = withoutKubelets(made(renewed, ['controller-manager', 'scheduler']), Object.keys(ALL))
  expect(chosen(all, facts(ALL))).toEqual([['master01', ...COMPONENTS]])
  expect(chosen(withoutKubelets(changed(all, 'master03'), ['master03']), facts(ALL))).toEqual([])
})

test('one that cannot be asked may well serve: it is left alone, and so are those beside it', () => {
  const hosts = made(renewed)
  for (const state of ['refused', 'unreachable', 'no-credentials'] as const)
    expect(chosen(hosts, facts({ master01: state, master02: state, master03: state }))).toEqual([])
  expect(chosen(hosts, { ...facts({}), api: undefined })).toEqual([])
})

test('a scheduler that was changed by hand is put right whatever API servers do', () => {
  const hosts = made(cluster, ['apiserver', 'controller-manager'])
  expect(chosen(hosts, facts({ ...ALL, master03: 'not-ready' }))).toEqual([['master03', 'scheduler']])
  expect(chosen(hosts, facts({ ...ALL, master03: 'refused' }))).toEqual([['master01', 'scheduler']])
})

test('a run that ended between two manifests is finished, on any number of masters', () => {
  const hosts = made(cluster, ['controller-manager'], ['master02', 'master03'])
  const own = Object.fromEntries([
    ...Object.entries(hosts),
    ['master01', made(cluster)['master01'] ?? bareHost('master01')],
  ])
  expect(chosen(own, facts({ master01: 'ready' }))).toEqual([
    ['master02', 'apiserver', 'scheduler'],
    ['master03', 'apiserver', 'scheduler'],
  ])
})

test('by chance: never two API servers, and none that may serve beside one that is down or starts', () => {
  const state = fc.constantFrom<State | 'late'>(
    'ready',
    'not-ready',
    'refused',
    'silent',
    'late',
    'unreachable',
    'no-credentials',
  )
  fc.assert(
    fc.property(
      fc.tuple(state, state, state),
      fc.subarray([...COMPONENTS], { minLength: 1 }),
      fc.boolean(),
      ([one, two, three], components, isOther) => {
        const states: Record<string, State | 'late'> = { master01: one, master02: two, master03: three }
        const plain = Object.entries(states).map(
          ([name, own]) => [name, own === 'late' ? 'silent' : own] as const,
        )
        const known = late(
          facts(Object.fromEntries(plain)),
          Object.keys(states).filter((name) => states[name] === 'late'),
        )
        const hosts = made(isOther ? renewed : cluster, components)
        const steps = manifestSteps(cluster, hosts, known, () => true)
        // None of them has an API server's manifest yet, or all do.
        if (!components.includes('apiserver')) return
        expect(steps.length).toBeLessThan(2)
        for (const { host, components: changing } of steps) {
          const own = states[host] ?? ''
          if (!changing.includes('apiserver') || ['silent', 'not-ready'].includes(own)) continue
          expect(['ready', 'late']).toContain(own)
          const others = Object.entries(states).filter(([name]) => name !== host)
          for (const [, other] of others)
            expect(own === 'late' ? ['ready', 'late'] : ['ready']).toContain(other)
        }
      },
    ),
  )
})
