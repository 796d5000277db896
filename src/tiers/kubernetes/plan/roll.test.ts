/** Which master's manifests change, and which stay because another API server is down. */
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
import { wantedManifests } from './manifests.ts'
import { manifestSteps } from './roll.ts'

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

/** Masters with manifests that were made of another cluster file, or of this one. */
function made(
  of: KubernetesCluster,
  components: readonly Component[] = COMPONENTS,
  names = masters.map(({ name }) => name),
): Hosts {
  const hosts = masters.map((node) => {
    const wanted = wantedManifests(of, node, facts({}))
    const services = names.includes(node.name) ? withManifests(NO_SERVICES, components, wanted) : NO_SERVICES
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
    // While that one starts nobody else's turn comes.
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
  // Nobody knows them yet: that is no reason to start anything again.
  expect(chosen(hosts, { ...facts(ALL), sums: undefined })).toEqual([])
})

test('one that is down is mended first: nobody misses it', () => {
  const hosts = made(renewed)
  expect(chosen(hosts, facts({ ...ALL, master02: 'silent' }))).toEqual([['master02', ...COMPONENTS]])
  expect(chosen(hosts, facts({ ...ALL, master01: 'not-ready', master03: 'silent' }))).toEqual([
    ['master01', ...COMPONENTS],
    ['master03', ...COMPONENTS],
  ])
  // All down, such as after etcd moved.
  const down = { master01: 'silent', master02: 'silent', master03: 'silent' } as const
  expect(chosen(hosts, facts(down))).toHaveLength(3)
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

test('by chance: never an API server that may serve beside another that is not ready, and never two of them', () => {
  const state = fc.constantFrom<State>(
    'ready',
    'not-ready',
    'refused',
    'silent',
    'unreachable',
    'no-credentials',
  )
  fc.assert(
    fc.property(
      fc.tuple(state, state, state),
      fc.subarray([...COMPONENTS], { minLength: 1 }),
      fc.boolean(),
      ([one, two, three], components, isOther) => {
        const states: Record<string, State> = { master01: one, master02: two, master03: three }
        const hosts = made(isOther ? renewed : cluster, components)
        const steps = manifestSteps(cluster, hosts, facts(states), () => true)
        const isDown = ({ host }: { readonly host: string }) =>
          ['silent', 'not-ready'].includes(states[host] ?? '') || !components.includes('apiserver')
        expect(steps.every(isDown) || steps.length === 1).toBe(true)
        for (const { host, components: changed } of steps) {
          if (!changed.includes('apiserver') || isDown({ host })) continue
          const others = Object.entries(states).filter(([name]) => name !== host)
          expect(others.map(([, other]) => other)).toEqual(['ready', 'ready'])
        }
      },
    ),
  )
})
