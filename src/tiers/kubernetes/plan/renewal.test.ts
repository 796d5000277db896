/**
 * The next apply renews all certificates that are due. Among them is the API servers' client pair for etcd, which was
 * not renewed in https://github.com/kubernetes/kubeadm/issues/1651 until no API server started again.
 */
import { expect, test } from 'vitest'
import type { ServiceKind } from '../../../engine/service-kind.ts'
import { LEAVES, type LeafStep } from '../../../engine/leaf-steps.ts'
import type { HostState } from '../../../host/state.ts'
import { type LeafId, keyFile, leavesOf } from '../../../kubernetes/certificates.ts'
import { bareHost, sampleCluster } from '../../containerd/containerd.fixture.ts'
import { tierFacts } from '../facts.ts'
import { READY } from '../foreseen.ts'
import { earlySteps } from './early.ts'
import { stageSteps } from './stages.ts'

const cluster = sampleCluster({ flannel: 'service' })
const master = cluster.nodes.find(({ name }) => name === 'master01')!
const DUE = { code: 'expires-soon', message: 'expires in 20 days' } as const

const leafSteps = (steps: readonly { readonly kind: string }[]) =>
  steps.filter((step): step is LeafStep => step.kind.startsWith('leaf-'))

/** The plan for a control-plane node with one leaf that is due, in the order of the stages. */
function renewal(id: LeafId): readonly LeafStep[] {
  const fine = Object.fromEntries(leavesOf(cluster, master).map((leaf) => [leaf.id, []]))
  const api = { servers: { master01: READY }, balancer: undefined, held: undefined }
  const facts = { ...tierFacts(undefined), ca: 'CA', leaves: { master01: { ...fine, [id]: [DUE] } }, api }
  let host: HostState = bareHost('master01')
  const done: LeafStep[] = []
  const plan = (planned: readonly LeafStep[]) => {
    for (const step of planned) {
      const kind = LEAVES[step.kind] as unknown as ServiceKind<LeafStep>
      host = { ...host, services: kind.predict(host.services!, step) }
      done.push(step)
    }
  }
  plan(leafSteps(earlySteps(cluster, { master01: host }, '', facts)))
  plan(leafSteps(stageSteps(cluster, { master01: host }, '', facts)))
  // Then it is done.
  plan(leafSteps(earlySteps(cluster, { master01: host }, '', facts)))
  plan(leafSteps(stageSteps(cluster, { master01: host }, '', facts)))
  return done
}

const all = leavesOf(cluster, master)

test('the client pair for etcd is among those that are looked after', () => {
  expect(all.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['etcd-client', 'flannel-client', 'apiserver']),
  )
})

test.each(all.map((leaf) => [leaf.id, leaf] as const))(
  '%s: a request with the present key, then a certificate',
  (id, leaf) => {
    expect(renewal(id)).toEqual([
      expect.objectContaining({
        kind: 'leaf-key',
        leaf: id,
        keep: keyFile(leaf),
        why: expect.stringContaining(' 20 days'),
      }),
      expect.objectContaining({ kind: 'leaf-certificate', leaf: id, place: leaf.place }),
    ])
  },
)

test('a program that would use the old certificate until it has expired is restarted', () => {
  const readers = all.flatMap(({ id }) =>
    renewal(id).flatMap((step) =>
      step.kind === 'leaf-certificate' && step.reader !== undefined ? [step.reader] : [],
    ),
  )
  expect(readers).toEqual(['kube-controller-manager', 'kube-scheduler'])
})
