/** What prevents Kubernetes on a node that belongs to another cluster, or to another tool. */
import { expect, test } from 'vitest'
import { FORESEEN } from '../../../host/leaves.ts'
import type { ServicesState } from '../../../host/services.ts'
import { kubeletUnit } from '../../../kubernetes/kubelet-unit.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import { FILE, bareHost, sampleCluster } from '../../containerd/containerd.fixture.ts'
import type { KubernetesTierFacts } from '../facts.ts'
import { kubernetesRefusals } from './refusals.ts'

const cluster = sampleCluster()
const [worker] = cluster.nodes.filter(({ roles }) => roles.includes('worker'))
const APISERVER = `${PLACES.manifests}/kube-apiserver.yaml`

function refused(services: Partial<ServicesState>, sums?: Partial<KubernetesTierFacts['sums']>) {
  const name = worker?.name ?? ''
  const host = bareHost(name)
  const state = { ...host, services: { ...host.services, ...services } as ServicesState }
  const facts = { ca: undefined, leaves: {}, api: undefined, sums }
  return kubernetesRefusals(cluster, { [name]: state }, facts).map(
    ({ id, message, hint }) => `${id}: ${message} -> ${hint}`,
  )
}

const ca = (sha256: string): Partial<ServicesState> => ({
  secrets: { [PLACES.ca]: { sha256, owner: 'root', group: 'root', mode: '644', plain: true } },
})
const withFile = (path: string, text: string): Partial<ServicesState> => ({
  files: { [path]: { ...FILE, text } },
})

test('a machine without anything is not refused, and neither is one of this cluster', () => {
  const own = worker === undefined ? '' : kubeletUnit(cluster.name, worker)
  expect(refused({})).toEqual([])
  expect(refused({ ...ca('aa'), ...withFile(PLACES.kubelet.unit, own) }, { ca: 'aa' })).toEqual([])
  // A control-plane node with its manifests, whose CA doesn't exist yet in a predicted state.
  expect(refused({ ...ca(FORESEEN), ...withFile(APISERVER, 'any') })).toEqual([])
})

test("the kubelet's unit of another tool, or of another cluster", () => {
  const other = worker === undefined ? '' : kubeletUnit('other', worker)
  for (const text of ['[Service]\nExecStart=/usr/bin/kubelet\n', other])
    expect(refused(withFile(PLACES.kubelet.unit, text))).toEqual([
      expect.stringMatching(/^node-of-another-kubernetes: \/etc\/systemd\/system\/kubelet\.service /),
    ])
})

test("/etc/kubernetes of another cluster: its CA, with what may bring this cluster's back, and its manifests", () => {
  expect(refused(ca('bb'), { ca: 'aa' })).toEqual([
    expect.stringMatching(
      /^node-of-another-kubernetes: \/etc\/kubernetes\/pki\/ca\.crt (?!.*\/kubernetes back)/,
    ),
  ])
  expect(refused(ca('bb'))).toEqual([
    expect.stringMatching(
      /^node-of-another-kubernetes: \/etc\/kubernetes\/pki\/ca\.crt .* -> .* \/\S+\/kubernetes /,
    ),
  ])
  expect(refused(withFile(APISERVER, 'kind: Pod'))).toEqual([
    expect.stringMatching(/^node-of-another-kubernetes: \S+kube-apiserver\.yaml /),
  ])
})

test('a masked kubelet', () => {
  const unit = { active: 'inactive', enabled: false, masked: true, loading: false }
  expect(refused({ units: { 'kubelet.service': unit } })).toEqual([
    expect.stringMatching(/^unit-is-masked: .*systemctl unmask kubelet\.service/),
  ])
})
