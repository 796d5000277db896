/** Which files with CAs and secrets are written, on which nodes; and that no step contains their content. */
import { expect, test } from 'vitest'
import { FORESEEN, type SecretState } from '../../../host/leaves.ts'
import { NO_SERVICES } from '../../../host/services.ts'
import { secretFilesOf } from '../../../kubernetes/secret-files.ts'
import { sampleKubernetes } from '../../../spec/sample-kubernetes.ts'
import { bareHost, sampleCluster } from '../../containerd/containerd.fixture.ts'
import type { KubernetesTierFacts } from '../facts.ts'
import { secretSteps } from './secrets.ts'

const cluster = sampleCluster()
const node = (name: string) => cluster.nodes.find((one) => one.name === name) ?? expect.fail(name)
const ids = [
  'ca',
  'ca-key',
  'front-proxy-ca',
  'service-account-key',
  'service-account-public-key',
  'encryption',
  'etcd-ca',
] as const
const facts: KubernetesTierFacts = {
  ca: 'CA',
  leaves: {},
  sums: Object.fromEntries(ids.map((id) => [id, `sum of ${id}`])) as NonNullable<KubernetesTierFacts['sums']>,
  api: undefined,
}

function present(name: string, change: Partial<SecretState> = {}) {
  const secrets = secretFilesOf(cluster, node(name)).map(({ path, secret, mode }) => {
    const state = { owner: 'root', group: 'root', mode, plain: true, sha256: `sum of ${secret}` }
    return [path, { ...state, ...change }] as const
  })
  return { ...bareHost(name), services: { ...NO_SERVICES, secrets: Object.fromEntries(secrets) } }
}

const written = (name: string, host = bareHost(name), own = cluster) =>
  secretSteps(own, node(name), host, facts).map(({ secret }) => secret)

test('masters get all, workers the CA alone, and no key leaves home where the cluster file says so', () => {
  expect(written('master01').toSorted()).toEqual([...ids].toSorted())
  expect(written('worker01')).toEqual(['ca'])
  const home = { ...cluster, kubernetes: sampleKubernetes({ pki: { caKey: 'home', days: 365 } }) }
  expect(written('master01', bareHost('master01'), home)).not.toContain('ca-key')
})

test('nothing is written where all is as it should be, or is foreseen to be', () => {
  expect(written('master01', present('master01'))).toEqual([])
  expect(written('master01', present('master01', { sha256: FORESEEN }))).toEqual([])
})

test('another content, another owner or mode, or a link in its place: written again', () => {
  const changes = [
    { sha256: 'other' },
    { owner: 'nobody' },
    { group: 'users' },
    { mode: '666' },
    { plain: false },
  ]
  for (const change of changes)
    expect(written('master01', present('master01', change))).toHaveLength(ids.length)
})

test('no step carries a content', () => {
  const fields = secretSteps(cluster, node('master01'), bareHost('master01'), facts).flatMap((step) =>
    Object.keys(step),
  )
  expect([...new Set(fields)].toSorted()).toEqual([
    'creates',
    'danger',
    'host',
    'kind',
    'mode',
    'path',
    'secret',
    'tier',
    'what',
    'why',
  ])
})
