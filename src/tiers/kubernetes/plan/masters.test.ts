/** Which control-plane nodes have an API server, even one that nothing on its node shows. */
import { expect, test } from 'vitest'
import type { LeafState } from '../../../host/leaves.ts'
import { NO_SERVICES, type ServicesState } from '../../../host/services.ts'
import type { ServerFacts } from '../../../kubernetes/api-facts.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import { FILE, bareHost, sampleCluster } from '../../containerd/containerd.fixture.ts'
import { tierFacts } from '../facts.ts'
import { READY } from '../foreseen.ts'
import { KUBELET } from './files.ts'
import { manifestPath } from './manifests.ts'
import {
  startedMasters,
  servingWithoutKubelet,
  withApiServer,
  withHiddenServer,
  withManifest,
} from './masters.ts'

const cluster = sampleCluster()
const SHOWN = { files: { [manifestPath('apiserver')]: FILE } }

const hostsWith = (services: Partial<ServicesState>) => ({
  master01: { ...bareHost('master01'), services: { ...NO_SERVICES, ...services } },
  master02: bareHost('master02'),
})

const facts = (server: Partial<ServerFacts>) => ({
  ...tierFacts(undefined),
  api: { servers: { master01: { ...READY, ...server } }, balancer: undefined, held: undefined },
})

const kubelet = (active: string) => ({
  units: { [KUBELET]: { active, enabled: true, masked: false, loading: false } },
})

const leaf = (certificate: string | undefined): Partial<ServicesState> => ({
  leaves: { apiserver: { certificate } as LeafState },
})

test('an API server is asked wherever anything of a control plane is left, and not on a new node', () => {
  const startedWith = (services: Partial<ServicesState>) => startedMasters(cluster, hostsWith(services))
  const secret = { sha256: '', mode: '600', owner: 'root', group: 'root', plain: true }
  for (const some of [
    SHOWN,
    { files: { [manifestPath('scheduler')]: FILE } },
    { secrets: { [PLACES.encryption]: secret } },
    leaf('PEM'),
  ])
    expect(startedWith(some)).toEqual(['master01'])
  // The first stage writes the kubelet's files, and makes keys.
  for (const none of [{}, { files: { [PLACES.kubelet.unit]: FILE } }, leaf(undefined)])
    expect(startedWith(none)).toEqual([])
  expect(startedMasters(cluster, {})).toEqual([])
})

test('an API server that answers without its manifest is hidden, until a kubelet runs that ends it', () => {
  const hidden = (server: Partial<ServerFacts>, services: Partial<ServicesState> = {}) =>
    withHiddenServer(cluster, hostsWith(services), facts(server))
  for (const state of ['ready', 'not-ready', 'refused'] as const)
    expect(hidden({ state })).toEqual(['master01'])
  expect(hidden({ state: 'silent', late: true })).toEqual(['master01'])
  for (const state of ['silent', 'unreachable', 'no-credentials'] as const)
    expect(hidden({ state })).toEqual([])
  // systemd starts it again and again: it does nothing.
  for (const state of ['inactive', 'failed', 'activating'])
    expect(hidden({}, kubelet(state))).toEqual(['master01'])
  expect(hidden({}, kubelet('active'))).toEqual([])
  expect(hidden({}, SHOWN)).toEqual([])
  expect(withHiddenServer(cluster, hostsWith({}), tierFacts(undefined))).toEqual([])
})

test('a hidden API server counts as one; its kubelet is not among those that can start without a manifest step', () => {
  const hosts = hostsWith(kubelet('inactive'))
  expect(withManifest(cluster, hosts)).toEqual([])
  expect(withApiServer(cluster, hosts, facts({}))).toEqual(['master01'])
  expect(servingWithoutKubelet(cluster, hosts, facts({}))).toEqual([])
  const shown = hostsWith({ ...kubelet('inactive'), ...SHOWN })
  expect(withApiServer(cluster, shown, facts({ state: 'silent' }))).toEqual(['master01'])
  expect(servingWithoutKubelet(cluster, shown, facts({}))).toEqual(['master01'])
  expect(servingWithoutKubelet(cluster, shown, facts({ state: 'silent' }))).toEqual([])
})
