import { expect, test } from 'vitest'
import type { BlockReason } from '../../../engine/step.ts'
import type { ResetScene } from '../../../engine/tier-reset.ts'
import type { RemainsState } from '../../../host/remains.ts'
import type { HostState } from '../../../host/state.ts'
import { kubeletUnit } from '../../../kubernetes/kubelet-unit.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import type { RegistryFacts } from '../../../kubernetes/registry.ts'
import { kubernetesNodes } from '../../../spec/kubernetes.ts'
import { FILE, bareHost, sampleCluster } from '../../containerd/containerd.fixture.ts'
import { BARE_MEMBER } from '../../etcd/plan/testing.ts'
import { NOTHING_HELD, READY } from '../foreseen.ts'
import { KUBERNETES_ON_MACHINES } from '../steps/kinds.ts'
import type { ResetFacts } from './reset-facts.ts'
import { resetNotes, resetRefusals } from './reset-refusals.ts'
import { resetStages } from './reset.ts'

const cluster = sampleCluster()
const [master, otherMaster, worker] = kubernetesNodes(cluster)
if (master === undefined || otherMaster === undefined || worker === undefined) throw new RangeError('too few')

const CLEAN: RemainsState = { pods: 0, volumes: 0, namespaces: 0, routes: 0, links: [], rules: [], paths: [] }
const USED: RemainsState = {
  pods: 3,
  volumes: 2,
  namespaces: 2,
  routes: 0,
  links: ['cni0', 'flannel.1'],
  rules: ['ip kube-proxy'],
  paths: ['/etc/kubernetes', '/var/lib/kubelet', '/var/lib/cni'],
}

function host(name: string, remains: RemainsState, unit?: string): HostState {
  const bare = bareHost(name)
  const { services = { units: {}, files: {}, devices: {}, holders: {} } } = bare
  const active = { active: 'active', enabled: true, masked: false, loading: false }
  const files = unit === undefined ? {} : { [PLACES.kubelet.unit]: { ...FILE, text: unit } }
  const units = unit === undefined ? {} : { 'kubelet.service': active }
  return { ...bare, services: { ...services, files, units, remains } }
}

function scene(
  states: readonly HostState[],
  request: Partial<ResetScene['request']> = {},
  facts: Partial<ResetFacts> = {},
): ResetScene {
  const names = states.map(({ name }) => name)
  return {
    cluster,
    hosts: Object.fromEntries(states.map((state) => [state.name, state])),
    request: {
      nodes: cluster.nodes.filter(({ name }) => names.includes(name)),
      whole: false,
      suffix: 'before-reset-x',
      objects: false,
      ...request,
    },
    facts: { api: undefined, registry: undefined, ...facts },
  }
}

const used = host(worker.name, USED, kubeletUnit(cluster.name, worker))
const says = (fact: string) => expect.stringContaining(fact) as string
const node = { ...NOTHING_HELD.nodes, [worker.name]: {} as never }
const answering = {
  servers: { [master.name]: READY },
  balancer: undefined,
  held: { ...NOTHING_HELD, nodes: node },
}
const registry = (changes: Partial<RegistryFacts> = {}): RegistryFacts => ({
  keys: 300,
  whose: 'own',
  servers: [],
  ...changes,
})

test('a node: drained, then its kubelet ends before its pods, their network and its files; its Node object goes last', () => {
  const { before, machines, after } = resetStages(scene([used], {}, { api: answering }))
  expect(before).toMatchObject([{ kind: 'kubernetes-drain', nodes: [worker.name] }])
  expect(machines.map(({ kind }) => kind)).toEqual([
    'service-remove',
    'pods-remove',
    'pod-network-remove',
    'node-aside',
  ])
  expect(after).toMatchObject([{ kind: 'kubernetes-node-objects-remove', nodes: [worker.name] }])
})

test('where no API server answers, what that leaves is said; a machine that is clean already is not drained', () => {
  const alone = scene([used])
  expect(resetStages(alone)).toMatchObject({ before: [], after: [] })
  expect(resetNotes(alone)).toEqual([expect.stringContaining(`kubectl -- delete node ${worker.name}`)])
  const again = resetStages(scene([host(worker.name, CLEAN)], {}, { api: answering }))
  expect(again).toMatchObject({
    before: [],
    machines: [],
    after: [{ kind: 'kubernetes-node-objects-remove' }],
  })
})

test("nothing of etcd's is moved, nothing at all is deleted, and the machine gets the list of what must stay", () => {
  const { machines } = resetStages(
    scene([
      host(master.name, {
        ...USED,
        paths: ['/etc/kubernetes', '/etc/ssl/kubernetes-etcd', '/opt/etcd/data'],
      }),
    ]),
  )
  const step = machines.find((one) => one.kind === 'node-aside')
  if (step === undefined) throw new RangeError('nothing is moved')
  expect(step.paths).toEqual(['/etc/kubernetes', '/etc/ssl/kubernetes-etcd'])
  const { dataDirectory, walDirectory } = cluster.etcd
  expect(step.kept).toEqual(
    expect.arrayContaining([dataDirectory, walDirectory, '/etc/ssl/etcd', '/etc/etcd']),
  )
  const supplies = { artifact: undefined, certificates: {}, bundle: undefined }
  // The guard comes first: what it refuses is not renamed.
  expect(KUBERNETES_ON_MACHINES['node-aside'].operations(step, supplies).map(([name]) => name)).toEqual([
    'apart',
    'aside',
  ])
})

test('all of it: what etcd keeps stays and is named, unless it is asked for; then it goes when the machines are clear', () => {
  const kept = scene([used], { whole: true }, { registry: registry() })
  expect(resetStages(kept).after).toEqual([])
  expect(resetNotes(kept)).toEqual([expect.stringContaining('--remove-objects')])
  const removed = scene([used], { whole: true, objects: true }, { registry: registry() })
  expect(resetStages(removed).after).toMatchObject([
    { kind: 'kubernetes-registry-remove', danger: 'membership', servers: [worker.address] },
  ])
  expect(resetRefusals(removed)).toEqual([])
})

test.each<[string, ResetScene, BlockReason]>([
  [
    'a kubelet of others',
    scene([host(worker.name, USED, '[Unit]\n')]),
    {
      id: 'kubelet-of-another-tool',
      host: worker.name,
      message: says(` ${cluster.name} `),
      hint: says('disable --now kubelet'),
    },
  ],
  [
    'a kubelet of another cluster',
    scene([host(worker.name, USED, kubeletUnit('other', worker))]),
    { id: 'kubelet-of-another-tool', host: worker.name, message: says(` ${cluster.name} `) },
  ],
  [
    'an etcd that is a static pod',
    scene([host(worker.name, { ...USED, paths: ['/etc/kubernetes/manifests/etcd.yaml'] })]),
    {
      id: 'static-pod-would-stop',
      host: worker.name,
      message: says('/etc/kubernetes/manifests/etcd.yaml '),
    },
  ],
  [
    "etcd's settings lead into what is moved",
    scene([
      {
        ...host(worker.name, USED),
        member: {
          ...BARE_MEMBER,
          contents: { '/etc/etcd/options.env': 'X=/etc/kubernetes/pki/etcd/ca.crt' },
        },
      },
    ]),
    { id: 'etcd-uses-files-of-kubernetes', host: worker.name, message: says(' /etc/kubernetes,') },
  ],
  [
    'API servers of others on the same etcd',
    scene([used], { whole: true, objects: true }, { registry: registry({ servers: ['192.0.2.99'] }) }),
    { id: 'api-servers-on-the-same-etcd', message: says(': 192.0.2.99') },
  ],
  [
    'etcd does not answer',
    scene([used], { whole: true, objects: true }),
    { id: 'content-of-etcd-is-unknown', message: says('etcd'), hint: says('quorate status') },
  ],
])('refused: %s', (_what, refused, reason) => {
  expect(resetRefusals(refused)).toEqual([expect.objectContaining(reason)])
})
