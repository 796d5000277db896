/** What prevents Kubernetes on a node, and what doesn't. */
import { expect, test } from 'vitest'
import { FORESEEN } from '../../../host/leaves.ts'
import { NO_SERVICES, type ServicesState } from '../../../host/services.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import { FILE, bareHost, sampleCluster } from '../../containerd/containerd.fixture.ts'
import type { KubernetesTierFacts } from '../facts.ts'
import { MANIFESTS } from './manifests.ts'
import { kubernetesRefusals } from './refusals.ts'
import { kubeletMark } from '../../../kubernetes/kubelet-unit.ts'

const cluster = sampleCluster()
const SECRET = { owner: 'root', group: 'root', mode: '644', plain: true }
const sums = {
  ca: 'our CA',
  'ca-key': '',
  'front-proxy-ca': '',
  'service-account-key': '',
  'service-account-public-key': '',
  encryption: '',
  'etcd-ca': '',
}
const known: KubernetesTierFacts = { ca: 'CA', leaves: {}, sums, api: undefined }

function refused(services: Partial<ServicesState>, facts?: KubernetesTierFacts) {
  const host = { ...bareHost('worker01'), services: { ...NO_SERVICES, ...services } }
  return kubernetesRefusals(cluster, { worker01: host }, facts)
}

const ca = (sha256: string) => ({ secrets: { [PLACES.ca]: { ...SECRET, sha256 } } })
const unit = (text: string) => ({ files: { [PLACES.kubelet.unit]: { ...FILE, text } } })

test('a new machine, one of this cluster, and a predicted one are accepted', () => {
  expect(refused({})).toEqual([])
  expect(refused({ ...ca('our CA'), ...unit(`# ${kubeletMark('sample')}`) }, known)).toEqual([])
  expect(refused(ca(FORESEEN))).toEqual([])
  expect(kubernetesRefusals(cluster, {}, undefined)).toEqual([])
})

test("another cluster's kubelet, or an unknown one, is left alone", () => {
  for (const text of ['', '[Unit]\n', `# ${kubeletMark('sample2')}`, `# ${kubeletMark('sample').trimEnd()}`])
    expect(refused(unit(text), known)).toEqual([
      expect.objectContaining({ host: 'worker01', id: 'node-of-another-kubernetes' }),
    ])
})

test("another Kubernetes' CA is, too; and if this cluster's is missing, the hint says how to bring it back", () => {
  expect(refused(ca('another'), known)).toEqual([
    expect.objectContaining({
      id: 'node-of-another-kubernetes',
      hint: expect.not.stringContaining('/state/kubernetes'),
    }),
  ])
  expect(refused(ca('another'))).toEqual([
    expect.objectContaining({ hint: expect.stringContaining('/state/kubernetes') }),
  ])
})

test("manifests without quorate's kubelet would be started, and are refused; with it they are repaired", () => {
  const files = { [MANIFESTS[0] ?? '']: FILE }
  expect(refused({ files })).toEqual([
    expect.objectContaining({ id: 'node-of-another-kubernetes', hint: expect.stringContaining('reset') }),
  ])
  const own = unit(`# ${kubeletMark('sample')}`)
  expect(refused({ files: { ...files, ...own.files } })).toEqual([])
})

test('a kubelet that is masked is named, with what unmasks it', () => {
  const state = { active: 'inactive', enabled: false, masked: true, loading: false }
  expect(refused({ units: { 'kubelet.service': state } })).toEqual([
    expect.objectContaining({ hint: expect.stringContaining('systemctl unmask kubelet.service') }),
  ])
})
