import { describe, expect, test } from 'vitest'
import { noteText } from '../../engine/note.ts'
import type { HeldFacts, KubernetesFacts, NodeFacts, ServerFacts } from '../../kubernetes/api-facts.ts'
import { sampleKubernetesCluster } from '../../spec/sample-kubernetes.ts'
import { kubernetesReport } from './report.ts'

const cluster = sampleKubernetesCluster()
const READY: ServerFacts = { state: 'ready', failed: [], version: '1.37.2', problem: undefined }
const node: NodeFacts = {
  ready: true,
  why: 'kubelet is posting ready status',
  kubeletVersion: '1.37.2',
  labels: {},
  taints: [],
  unschedulable: false,
  podCidrs: [],
  addresses: [],
  noted: undefined,
  resourceVersion: '1',
}
const leader = { holder: 'master01', ageMs: 1_000, durationMs: 15_000 }
const workload = (wanted: number, ready = wanted) => ({
  wanted,
  ready,
  updated: wanted,
  images: [],
  observed: true,
})
const HELD: HeldFacts = {
  from: 'master01',
  nodes: Object.fromEntries(
    ['master01', 'master02', 'worker01', 'worker02', 'worker03'].map((name) => [name, node]),
  ),
  workloads: {
    'DaemonSet kube-system/kube-proxy': workload(5),
    'DaemonSet kube-flannel/kube-flannel-ds': workload(5),
    'Deployment kube-system/coredns': workload(2),
  },
  configMaps: {},
  leaders: { 'kube-controller-manager': leader, 'kube-scheduler': { ...leader, holder: 'master02' } },
  apiAddresses: [],
  dnsPods: [
    { name: 'a', node: 'master01', ready: true },
    { name: 'b', node: 'master02', ready: true },
  ],
  proofs: [],
  pendingRequests: [],
  objects: {},
}
const WELL: KubernetesFacts = {
  servers: { master01: READY, master02: READY },
  balancer: READY,
  held: HELD,
}

const report = (changes: Partial<KubernetesFacts>) => {
  const made = kubernetesReport(cluster, { ...WELL, ...changes })
  return made ?? expect.fail('no report')
}
const held = (changes: Partial<HeldFacts>) => report({ held: { ...HELD, ...changes } })

describe('status of Kubernetes', () => {
  test('of a cluster that is well', () => {
    expect(report({})).toEqual({
      tier: 'kubernetes',
      serving: true,
      healthy: true,
      summary: 'Kubernetes 1.37.2 serves',
      parts: [
        { part: 'api-servers', serving: true, summary: '2 of 2 API servers ready' },
        { part: 'balancer', serving: true, summary: expect.any(String) },
        { part: 'controller-manager', serving: true, summary: 'controller-manager leads on master01' },
        { part: 'scheduler', serving: true, summary: 'scheduler leads on master02' },
        { part: 'nodes', serving: true, summary: '5 of 5 nodes Ready' },
        { part: 'kube-proxy', serving: true, summary: 'kube-proxy 5 of 5' },
        { part: 'flannel', serving: true, summary: 'flannel 5 of 5' },
        { part: 'dns', serving: true, summary: 'CoreDNS 2 of 2' },
      ],
      notes: [],
      noteDetails: [],
    })
    const { kubernetes: _none, ...without } = cluster
    expect(kubernetesReport(without, WELL)).toBeUndefined()
  })

  test('one API server of two is enough to serve, and not all is well', () => {
    const silent: ServerFacts = { ...READY, state: 'silent', version: undefined, problem: 'nothing answers' }
    expect(report({ servers: { master01: READY, master02: silent } })).toMatchObject({
      serving: true,
      healthy: false,
      notes: ['master02: API server silent: nothing answers'],
    })
  })

  test('a load balancer that leads nowhere serves no client, whatever is behind it', () => {
    const lost: ServerFacts = { ...READY, state: 'silent', problem: 'no' }
    expect(report({ balancer: lost })).toMatchObject({ serving: false, healthy: false })
    expect(report({ balancer: undefined }).serving).toBe(true)
  })

  test('unknown is not down', () => {
    const away: ServerFacts = { ...READY, state: 'unreachable', version: undefined, problem: 'no route' }
    const unknown = report({ servers: { master01: away, master02: away }, balancer: away, held: undefined })
    expect(unknown).toMatchObject({ serving: null, healthy: null })
    const down: ServerFacts = { ...away, state: 'silent' }
    expect(
      report({ servers: { master01: down, master02: down }, balancer: undefined, held: undefined }),
    ).toMatchObject({
      serving: false,
      healthy: false,
    })
    // It answers, but its content could not be read.
    expect(report({ held: undefined })).toMatchObject({ serving: true, healthy: false })
  })

  test.each<[string, Partial<HeldFacts>, string, string | null, RegExp]>([
    [
      'a node is missing',
      { nodes: { ...HELD.nodes, worker03: undefined as never } },
      'node-missing',
      'worker03',
      / Kubernetes; .* quorate plan$/,
    ],
    [
      'a node is not Ready',
      { nodes: { ...HELD.nodes, worker03: { ...node, ready: false, why: 'no CNI' } } },
      'node-not-ready',
      'worker03',
      /^not Ready: no CNI; .* worker03: journalctl /,
    ],
    [
      'a kubelet is old',
      { nodes: { ...HELD.nodes, worker03: { ...node, kubeletVersion: '1.36.3' } } },
      'kubelet-version',
      'worker03',
      /^kubelet runs 1\.36\.3, .* 1\.37\.2; /,
    ],
    [
      'a node is cordoned',
      { nodes: { ...HELD.nodes, worker03: { ...node, unschedulable: true } } },
      'node-cordoned',
      'worker03',
      /^cordoned: .* uncordon worker03$/,
    ],
    [
      'a node is left over',
      { nodes: { ...HELD.nodes, old: node } },
      'node-not-in-the-cluster-file',
      'old',
      / Kubernetes, .* delete node old$/,
    ],
    [
      'no leader',
      { leaders: { ...HELD.leaders, 'kube-scheduler': undefined } },
      'component-without-leader',
      null,
      /^no scheduler leads; .*_kube-scheduler-/,
    ],
    [
      'who led is gone',
      { leaders: { ...HELD.leaders, 'kube-scheduler': { ...leader, ageMs: 60_000 } } },
      'leader-silent',
      null,
      /^the scheduler on master01 .* 60 s; /,
    ],
    [
      'flannel lacks a pod',
      { workloads: { ...HELD.workloads, 'DaemonSet kube-flannel/kube-flannel-ds': workload(5, 4) } },
      'pods-not-ready',
      null,
      /^flannel: 4 of 5 pods /,
    ],
    [
      'kube-proxy is missing',
      {
        workloads: {
          'DaemonSet kube-flannel/kube-flannel-ds': workload(5),
          'Deployment kube-system/coredns': workload(2),
        },
      },
      'workload-missing',
      null,
      /^kube-proxy: /,
    ],
    [
      'CoreDNS lies on one master',
      { dnsPods: HELD.dnsPods.map((pod) => ({ ...pod, node: 'master01' })) },
      'dns-on-one-node',
      null,
      /^CoreDNS: .* master01, /,
    ],
    [
      'requests are pending',
      { pendingRequests: [{ name: 'csr-1', signer: 's', user: 'u', approved: false }] },
      'certificate-requests-pending',
      null,
      /^1 certificate request .* csr-1 of u for s; /,
    ],
    [
      'a proof was cut off',
      { proofs: ['quorate-proof-1'] },
      'proof-not-removed',
      null,
      /^quorate-proof-1: .* quorate apply /,
    ],
  ])('%s: said, and not well', (_name, changes, id, host, message) => {
    const { healthy, notes, noteDetails } = held(changes)
    expect(noteDetails).toEqual([{ id, host, message: expect.stringMatching(message) }])
    expect(notes).toEqual(noteDetails.map(noteText))
    expect(healthy).toBe(false)
  })
})
