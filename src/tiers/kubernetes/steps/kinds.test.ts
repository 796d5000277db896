/** The operations of the kinds of Kubernetes' steps on a node. */
import { expect, test } from 'vitest'
import { together } from './kinds.ts'

test('kubeadm is started once for two phases that it knows as one, and never for a phase that is not asked for', () => {
  expect(together(['upload-config/kubeadm', 'upload-config/kubelet', 'addon/coredns'])).toEqual([
    'upload-config/all',
    'addon/coredns',
  ])
  expect(together(['upload-config/kubelet', 'addon/kube-proxy', 'addon/coredns'])).toEqual([
    'upload-config/kubelet',
    'addon/all',
  ])
  expect(together([])).toEqual([])
})
