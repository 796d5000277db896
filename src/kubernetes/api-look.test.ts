/** What is asked of the API servers, and what becomes of their answers. A server that can't be asked is a fact. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { QuorateError } from '../errors.ts'
import { lookAtKubernetes } from './api-look.ts'
import { type Answer, type TestServer, json, no, routes, testServer } from './testing.ts'

const NOW = () => new Date('2026-11-30T12:00:10Z')
const list = (...items: readonly unknown[]): Answer => json({ metadata: {}, items })
const ready: Answer = (_sent, response) => void response.end('ok')
const failing: Answer = (_sent, response) => {
  response.statusCode = 500
  response.end('[-]etcd failed: reason withheld\n')
}
const system = '/api/v1/namespaces/kube-system'
const apps = '/apis/apps/v1/namespaces'

const NODE = {
  metadata: {
    name: 'worker01',
    resourceVersion: '12',
    labels: { 'kubernetes.io/hostname': 'worker01' },
    annotations: { 'quorate/node-settings': '{}', other: 'x' },
  },
  spec: { podCIDRs: ['10.244.1.0/24'], taints: [{ key: 'a', effect: 'NoSchedule', timeAdded: 'x' }] },
  status: {
    addresses: [
      { type: 'InternalIP', address: '192.0.2.31' },
      { type: 'Hostname', address: 'worker01' },
    ],
    conditions: [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'no \u001B[31mCNI' }],
    nodeInfo: { kubeletVersion: 'v1.37.2' },
  },
}

const WHOLE: Readonly<Record<string, Answer>> = {
  'GET /readyz': ready,
  'GET /version': json({ gitVersion: 'v1.37.2' }),
  'GET /api/v1/nodes': list(NODE, { metadata: { name: 'new', resourceVersion: '1' } }),
  [`GET ${apps}/kube-system/daemonsets`]: list({
    metadata: { name: 'kube-proxy', generation: 2 },
    spec: { template: { spec: { containers: [{ image: 'quorate.lab/kube-proxy:v1.37.2' }] } } },
    status: { desiredNumberScheduled: 5, numberReady: 4, updatedNumberScheduled: 5, observedGeneration: 1 },
  }),
  [`GET ${apps}/kube-system/deployments`]: list({
    metadata: { name: 'coredns', generation: 1 },
    spec: { replicas: 2, template: { spec: { containers: [{ image: 'c' }] } } },
    status: { readyReplicas: 2, updatedReplicas: 2, observedGeneration: 1 },
  }),
  [`GET ${apps}/kube-flannel/daemonsets`]: list(),
  [`GET ${apps}/kube-flannel/deployments`]: list(),
  [`GET ${system}/configmaps/coredns`]: json({ data: { Corefile: '.:53 {}' } }),
  'GET /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler': json({
    spec: {
      holderIdentity: 'master_01_4f3c-11',
      renewTime: '2026-11-30T12:00:08.500000Z',
      leaseDurationSeconds: 15,
    },
  }),
  'GET /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager': json({
    spec: { holderIdentity: '', renewTime: '2026-11-30T12:00:08.500000Z' },
  }),
  'GET /apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes': json({
    endpoints: [
      { addresses: ['192.0.2.21'], conditions: { ready: true } },
      { addresses: ['192.0.2.22'], conditions: { ready: false } },
    ],
  }),
  [`GET ${system}/pods`]: list({
    metadata: { name: 'coredns-1' },
    spec: { nodeName: 'master01' },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  }),
  'GET /api/v1/namespaces': list(
    { metadata: { name: 'quorate-proof-1' } },
    { metadata: { name: 'quorate-proof-2', deletionTimestamp: '2026-11-30T12:00:08Z' } },
    { metadata: { name: 'quorate-proof-3', deletionTimestamp: '2026-11-30T11:58:08Z' } },
  ),
  'GET /apis/certificates.k8s.io/v1/certificatesigningrequests': list(
    {
      metadata: { name: 'csr-1' },
      spec: { signerName: 'kubernetes.io/kubelet-serving', username: 'system:node:w' },
    },
    {
      metadata: { name: 'csr-2' },
      spec: { signerName: 's' },
      status: { conditions: [{ type: 'Approved' }] },
    },
    { metadata: { name: 'csr-3' }, spec: { signerName: 's' }, status: { certificate: 'LS0t' } },
    { metadata: { name: 'csr-4' }, spec: { signerName: 's' }, status: { conditions: [{ type: 'Denied' }] } },
  ),
  'GET /apis/rbac.authorization.k8s.io/v1/clusterrolebindings/quorate%3Aoperators': json({
    metadata: { name: 'quorate:operators', managedFields: [1] },
    roleRef: { name: 'cluster-admin' },
  }),
}
const BINDING = { kind: 'ClusterRoleBinding', name: 'quorate:operators' } as const

let server: TestServer
beforeAll(async () => {
  server = await testServer(routes(WHOLE))
})
afterAll(async () => await server[Symbol.asyncDispose]())

const look = async (table: Readonly<Record<string, Answer>>, balancer = false) => {
  server.answer(routes(table))
  server.sent.splice(0)
  return await lookAtKubernetes({
    servers: ['master01'],
    balancer,
    connect: async (name) => server.client({ name: name ?? 'load balancer', timeoutMs: 2_000 }),
    objects: [BINDING, { ...BINDING, name: 'other' }],
    now: NOW,
  })
}

describe('what the API holds', () => {
  test('is read in one go of some twenty small requests', async () => {
    const { servers, balancer, held } = await look(WHOLE, true)
    const fine = { state: 'ready', failed: [], version: '1.37.2', problem: undefined }
    expect(servers).toEqual({ master01: fine })
    expect(balancer).toEqual(fine)
    expect(held?.nodes['worker01']).toEqual({
      ready: false,
      why: 'no \\x1b[31mCNI',
      kubeletVersion: '1.37.2',
      labels: { 'kubernetes.io/hostname': 'worker01' },
      taints: [{ key: 'a', value: undefined, effect: 'NoSchedule' }],
      unschedulable: false,
      podCidrs: ['10.244.1.0/24'],
      addresses: ['192.0.2.31'],
      noted: '{}',
      resourceVersion: '12',
    })
    expect(held?.nodes['new']).toMatchObject({ ready: false, why: expect.stringContaining('kubelet') })
    expect(held?.workloads).toEqual({
      'DaemonSet kube-system/kube-proxy': {
        wanted: 5,
        ready: 4,
        updated: 5,
        images: ['quorate.lab/kube-proxy:v1.37.2'],
        observed: false,
      },
      'Deployment kube-system/coredns': { wanted: 2, ready: 2, updated: 2, images: ['c'], observed: true },
    })
    expect(held?.configMaps).toEqual({
      coredns: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), data: { Corefile: '.:53 {}' } },
    })
    expect(held?.leaders).toEqual({
      'kube-controller-manager': undefined,
      'kube-scheduler': { holder: 'master_01', ageMs: 1_500, durationMs: 15_000 },
    })
    expect(held?.apiAddresses).toEqual(['192.0.2.21'])
    expect(held?.dnsPods).toEqual([{ name: 'coredns-1', node: 'master01', ready: true }])
    // The second one is being removed.
    expect(held?.proofs).toEqual(['quorate-proof-1', 'quorate-proof-3'])
    expect(held?.pendingRequests.map(({ name, approved }) => [name, approved])).toEqual([
      ['csr-1', false],
      ['csr-2', true],
    ])
    expect(held?.objects).toEqual({
      'ClusterRoleBinding quorate:operators': {
        metadata: { name: 'quorate:operators' },
        roleRef: { name: 'cluster-admin' },
      },
    })
    expect(server.sent.length).toBeLessThan(25)
  })
})

describe('a server that', () => {
  test('is not ready says why, and is not asked for more', async () => {
    const { servers, held } = await look({ ...WHOLE, 'GET /readyz': failing })
    expect(servers['master01']).toMatchObject({
      state: 'not-ready',
      failed: ['etcd'],
      problem: expect.stringMatching(/: etcd$/),
    })
    expect(held).toBeUndefined()
    expect(new Set(server.sent.map(({ url }) => url.split('?')[0]))).toEqual(new Set(['/readyz', '/version']))
  })

  test('does not let quorate in, or answers nonsense to what is asked next, is known as that', async () => {
    const refused = await look({ ...WHOLE, 'GET /readyz': no(401, 'Unauthorized', 'Unauthorized') })
    expect(refused.servers['master01']).toMatchObject({ state: 'refused' })
    const lost = await look({ ...WHOLE, 'GET /api/v1/nodes': list({ metadata: { name: 7 } }) })
    expect(lost.held).toBeUndefined()
    expect(lost.servers['master01']).toMatchObject({ state: 'silent' })
    expect(lost.servers['master01']?.late).toBeUndefined()
    expect(lost.servers['master01']?.problem).toContain('metadata.name: ')
  })

  test("can't be reached, or has no credentials: the next one is asked", async () => {
    server.answer(routes(WHOLE))
    const { servers, held } = await lookAtKubernetes({
      servers: ['master01', 'master02', 'master03', 'master04'],
      balancer: false,
      connect: async (name) => {
        if (name === 'master01') throw new QuorateError('pki', 'there is no CA yet', { hint: 'make one' })
        if (name === 'master02') return server.client({ name, target: { socketPath: '/nowhere' } })
        if (name === 'master03') throw new QuorateError('unreachable', 'no route')
        return server.client({ name: 'master04' })
      },
      now: NOW,
    })
    expect(Object.values(servers).map(({ state }) => state)).toEqual([
      'no-credentials',
      'silent',
      'unreachable',
      'ready',
    ])
    expect(servers['master01']?.problem).toMatch(/ CA .*; fix: make one$/)
    expect(held?.from).toBe('master04')
  })

  test('accepts connections but does not answer delays nothing once another one has answered completely', async () => {
    server.answer(routes(WHOLE))
    const socketPath = path.join(tmpdir(), `quorate-silent-${process.pid}`)
    const mute = createServer().listen(socketPath)
    await once(mute, 'listening')
    const hanging = server.client({ name: 'master01', target: { socketPath }, timeoutMs: 60_000 })
    try {
      const { servers, held } = await lookAtKubernetes({
        servers: ['master01', 'master02'],
        balancer: false,
        connect: async (name) => (name === 'master01' ? hanging : server.client({ name: 'master02' })),
        now: NOW,
      })
      expect(servers).toMatchObject({
        master01: { state: 'silent', late: true },
        master02: { state: 'ready' },
      })
      expect(servers['master01']?.problem).toMatch(/^no answer 2 s after/)
      expect(held?.from).toBe('master02')
    } finally {
      await hanging.close()
      mute.close()
    }
  })

  test('is asked when everything is canceled is not a fact', async () => {
    const ended = AbortSignal.abort()
    const looking = lookAtKubernetes({
      servers: ['master01'],
      balancer: false,
      connect: async () => server.client({ signal: ended }),
      now: NOW,
    })
    await expect(looking).rejects.toMatchObject({ code: 'cancelled' })
  })
})
