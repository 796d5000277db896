/** What is done to the API's own content, whatever the API answers. */
import type { KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { HeldFacts } from '../../../kubernetes/api-facts.ts'
import { describeReference, referenceTo } from '../../../kubernetes/api-objects.ts'
import { type Node, nodesWith } from '../../../spec/cluster.ts'
import { sampleCluster } from '../../containerd/containerd.fixture.ts'
import type { KubernetesTierFacts } from '../facts.ts'
import { NOTHING_HELD, READY, afterPhases, allReady } from '../foreseen.ts'
import {
  inClusterSteps,
  nodeSettingsSteps,
  proofSteps,
  provenObject,
  provenSum,
  standingObjects,
} from './in-cluster.ts'

const cluster: KubernetesCluster = sampleCluster()
const first: Node = nodesWith(cluster, 'master')[0] ?? expect.fail('no master')
const PHASES = [
  'upload-config/kubeadm',
  'upload-config/kubelet',
  'addon/kube-proxy',
  'addon/coredns',
] as const
const whole: HeldFacts = {
  ...NOTHING_HELD,
  ...afterPhases(cluster, NOTHING_HELD, PHASES),
  objects: Object.fromEntries(
    standingObjects(cluster).map((one) => [describeReference(referenceTo(one)), one]),
  ),
}
const facts = (held: HeldFacts | undefined): KubernetesTierFacts => ({
  ca: 'CA',
  leaves: {},
  sums: undefined,
  api: { servers: { master01: READY }, balancer: undefined, held },
})
const phases = (held: HeldFacts) =>
  inClusterSteps(cluster, facts(held), first).flatMap((step) =>
    step.kind === 'kubeadm-phases' ? step.phases : [],
  )

test('nothing is missing where all is there; and all is missing where nothing is', () => {
  expect(inClusterSteps(cluster, facts(whole), first)).toEqual([])
  expect(phases(NOTHING_HELD)).toEqual(PHASES)
  expect(inClusterSteps(cluster, facts(undefined), first)).toEqual([])
})

test('what kubeadm keeps is read without trust: nonsense, bombs and prototypes are another configuration', () => {
  const bomb = `a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n`
  const texts = [
    '',
    '{',
    '[]',
    'null',
    '- 1',
    bomb,
    '__proto__: {clusterName: sample}',
    '\u0000',
    'x'.repeat(65_536),
  ]
  for (const text of texts) {
    const found = { sha256: '', data: { ClusterConfiguration: text } }
    expect(phases({ ...whole, configMaps: { ...whole.configMaps, 'kubeadm-config': found } })).toEqual([
      'upload-config/kubeadm',
    ])
  }
})

test('defaults that kubeadm adds are not differences, but another number of control planes is', () => {
  const text = whole.configMaps['kubeadm-config']?.data['ClusterConfiguration'] ?? ''
  const stored = (more: string) => ({ sha256: '', data: { ClusterConfiguration: text + more } })
  const held = (more: string) => ({
    ...whole,
    configMaps: { ...whole.configMaps, 'kubeadm-config': stored(more) },
  })
  expect(phases(held('encryptionAlgorithm: RSA-2048\n'))).toEqual([])
  expect(
    phases({
      ...whole,
      configMaps: {
        ...whole.configMaps,
        'kubelet-config': { sha256: '', data: { kubelet: stringify({ kind: 'x' }) } },
      },
    }),
  ).toEqual(['upload-config/kubelet'])
})

test('an object of any shape in the place of a wanted one is put right, and never breaks the planner', () => {
  const [one] = Object.keys(whole.objects)
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true }), (found) => {
      const steps = inClusterSteps(
        cluster,
        facts({ ...whole, objects: { ...whole.objects, [one ?? '']: found } }),
        first,
      )
      expect(steps.map(({ kind }) => kind)).toEqual(['kubernetes-objects'])
    }),
    { numRuns: 50 },
  )
})

test('nodes that the file does not name are ignored, also if their name is one that every object has', () => {
  const nodes = Object.fromEntries(
    ['__proto__', 'constructor', 'toString', '../etc', ''].map((name) => [
      name,
      { ...Object.values(allReady(cluster, NOTHING_HELD).nodes ?? {})[0]! },
    ]),
  )
  expect(nodeSettingsSteps(cluster, facts({ ...whole, nodes }))).toEqual([])
  const named = {
    ...cluster,
    nodes: cluster.nodes.map((node) => ({
      ...node,
      name: node.name === 'worker01' ? 'constructor' : node.name,
    })),
  }
  expect(nodeSettingsSteps(named, facts(whole))).toEqual([])
})

const noted = (object: unknown) => ({
  ...whole,
  objects: { ...whole.objects, 'ConfigMap kube-system/quorate': object },
})

test('a proof is valid while nothing has changed, and never if another tool wrote it', () => {
  const of = provenSum(cluster)
  expect(proofSteps(cluster, facts(noted(provenObject(of))))).toEqual([])
  for (const other of [
    undefined,
    null,
    'proven',
    { data: null },
    { data: { proven: [of] } },
    provenObject('0'),
  ])
    expect(proofSteps(cluster, facts(noted(other)))).toHaveLength(1)
})
