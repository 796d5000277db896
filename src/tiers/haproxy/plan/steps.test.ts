import { expect, test } from 'vitest'
import { predictService } from '../../../engine/service-steps.ts'
import type { Hosts } from '../../../engine/tier.ts'
import type { ServiceFile, ServicesState } from '../../../host/services.ts'
import type { HostState } from '../../../host/state.ts'
import { sampleCluster, sampleNode } from '../../../etcd/sample.ts'
import type { Cluster, LoadBalancer } from '../../../spec/cluster.ts'
import { haproxy } from '../tier.ts'
import { HAPROXY, KEEPALIVED, signature } from './files.ts'

const SERVICE = [
  { ...sampleNode('service01', '192.168.0.31'), roles: ['service' as const] },
  { ...sampleNode('service02', '192.168.0.32'), roles: ['service' as const] },
]
const MASTER = { ...sampleNode('master01', '192.168.0.21'), roles: ['master' as const] }
const SHARED: LoadBalancer = { port: 6443, apiPort: 6443, virtualAddress: '192.168.0.99' }

function clusterWith(loadBalancer: LoadBalancer | undefined): Cluster {
  return { ...sampleCluster({}), nodes: [MASTER, ...SERVICE], loadBalancer }
}

const cluster = clusterWith(SHARED)
const EMPTY: ServicesState = { units: {}, files: {}, devices: {}, holders: {} }

function hostsWith(services: (name: string) => Partial<ServicesState> = () => ({})): Hosts {
  return Object.fromEntries(
    cluster.nodes.map(({ name, address }): [string, HostState] => [
      name,
      {
        name,
        os: { id: 'debian', version: '12' },
        architecture: 'amd64',
        bootId: '1',
        packages: [],
        member: undefined,
        services: { ...EMPTY, devices: { [address]: 'host0' }, ...services(name) },
      },
    ]),
  )
}

/** The state after all steps. */
function settled(wanted = cluster, hosts = hostsWith()): Hosts {
  return haproxy.steps(wanted, hosts, 'T').reduce((state, step) => {
    const host = state[step.host]
    return host === undefined
      ? state
      : { ...state, [step.host]: { ...host, services: predictService(host.services, step) } }
  }, hosts)
}

const FILE: ServiceFile = {
  text: '',
  owner: 'root',
  group: 'root',
  mode: '644',
  plain: true,
  untouched: false,
}
const shown = (wanted: Cluster, hosts: Hosts) =>
  haproxy
    .steps(wanted, hosts, 'T')
    .map((step) => `${step.kind} ${step.host} ${'unit' in step ? step.unit : ''}`)

test('both service nodes get both at once, HAProxy before the address that leads to it', () => {
  expect(shown(cluster, hostsWith()).filter((text) => text.includes('service01'))).toEqual([
    'service-file service01 haproxy.service',
    'service-load service01 haproxy.service',
    'service-file service01 keepalived.service',
    'service-file service01 keepalived.service',
    'service-load service01 keepalived.service',
  ])
  expect(shown(cluster, hostsWith())).toHaveLength(10)
})

test('a second look finds nothing to do, and the gate open', () => {
  expect(haproxy.settled(cluster, hostsWith())).toBe(false)
  expect(shown(cluster, settled())).toEqual([])
  expect(haproxy.settled(cluster, settled())).toBe(true)
})

test('a run that was cut off between a file and its load is finished', () => {
  const hosts = settled()
  const host = hosts['service01']!
  const unit = { ...host.services!.units[HAPROXY.unit]!, loading: true }
  const units = { ...host.services!.units, [HAPROXY.unit]: unit }
  const cut = { ...hosts, service01: { ...host, services: { ...host.services!, units } } }
  expect(shown(cluster, cut)).toEqual(['service-load service01 haproxy.service'])
})

test("another port is a file and a reload, and nothing of keepalived's", () => {
  expect(shown(clusterWith({ ...SHARED, port: 443 }), settled())).toEqual([
    'service-file service01 haproxy.service',
    'service-load service01 haproxy.service',
    'service-file service02 haproxy.service',
    'service-load service02 haproxy.service',
  ])
})

test('what is not asked for any more goes, the address first; a second time there is nothing', () => {
  const none = clusterWith(undefined)
  expect(shown(none, settled()).slice(0, 2)).toEqual([
    'service-remove service01 keepalived.service',
    'service-remove service01 haproxy.service',
  ])
  expect(shown(none, settled(none, settled()))).toEqual([])
  expect(shown(clusterWith({ ...SHARED, virtualAddress: undefined }), settled())).toContain(
    'service-remove service02 keepalived.service',
  )
})

test.each([
  ['a foreign one', { ...FILE, text: 'defaults\n' }, 1],
  ['a link', { ...FILE, plain: false }, 1],
  ["another cluster's", { ...FILE, text: `${signature('other')}\n` }, 1],
  ["the package's own", { ...FILE, text: 'defaults\n', untouched: true }, 0],
  ['one that was changed by hand', { ...FILE, text: `${signature(cluster.name)}\n# mine\n` }, 0],
])('a configuration that is %s', (_what, file, refused) => {
  const hosts = hostsWith((name) =>
    name === 'service01' ? { files: { [HAPROXY.configuration]: file } } : {},
  )
  expect(haproxy.refusals(cluster, hosts)).toHaveLength(refused)
  // It isn't removed either if none is wanted.
  const gone = haproxy.steps(clusterWith(undefined), hosts, 'T')
  expect(gone).toHaveLength(file.text.startsWith(signature(cluster.name)) ? 1 : 0)
})

test('a port that another program has, an address that no interface has, a masked unit', () => {
  const taken = hostsWith((name) => (name === 'service01' ? { holders: { 6443: ['nginx'] } } : {}))
  const bare = hostsWith((name) => (name === 'service01' ? { devices: {} } : {}))
  const state = { active: 'inactive', enabled: false, masked: true, loading: false }
  const masked = hostsWith((name) => (name === 'service01' ? { units: { [KEEPALIVED.unit]: state } } : {}))
  for (const hosts of [taken, bare, masked]) {
    expect(haproxy.refusals(cluster, hosts)).toEqual([expect.objectContaining({ host: 'service01' })])
  }
  expect(
    haproxy.refusals(
      cluster,
      hostsWith(() => ({ holders: { 6443: ['haproxy'] } })),
    ),
  ).toEqual([])
})

function content(owner: string): string {
  const file = { ...FILE, text: 'PEM', owner }
  const [step] = haproxy.steps(
    cluster,
    hostsWith(() => ({ files: { [HAPROXY.ca]: file } })),
    'T',
  )
  return step?.kind === 'service-file' ? step.content : ''
}

test('only root says whom HAProxy believes', () => {
  expect(content('root')).toContain('verify required')
  expect(content('haproxy')).toContain('verify none')
})
