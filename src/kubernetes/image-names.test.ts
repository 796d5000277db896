import { expect, test } from 'vitest'
import { sampleKubernetes } from '../spec/sample-kubernetes.ts'
import { imageNames, imagesForRoles } from './image-names.ts'

test('upstream: CoreDNS lies deeper than the others, and flannel in a registry of its own', () => {
  const names = imageNames(sampleKubernetes({ version: '1.36.3', imageRepository: 'registry.k8s.io' }))
  expect(names).toEqual({
    apiServer: 'registry.k8s.io/kube-apiserver:v1.36.3',
    controllerManager: 'registry.k8s.io/kube-controller-manager:v1.36.3',
    scheduler: 'registry.k8s.io/kube-scheduler:v1.36.3',
    kubeProxy: 'registry.k8s.io/kube-proxy:v1.36.3',
    coredns: 'registry.k8s.io/coredns/coredns:v1.14.2',
    pause: 'registry.k8s.io/pause:3.10.2',
    flannel: 'ghcr.io/flannel-io/flannel:v0.28.10',
    probe: 'ghcr.io/flannel-io/flannel:v0.28.10',
  })
})

test('another repository has all of them side by side, as kubeadm looks for them', () => {
  const names = imageNames(
    sampleKubernetes({ version: '1.34.4', imageRepository: 'mirror.example:5000/k8s' }),
  )
  expect(names.coredns).toBe('mirror.example:5000/k8s/coredns:v1.12.1')
  expect(names.pause).toBe('mirror.example:5000/k8s/pause:3.10.1')
  expect(names.flannel).toBe('mirror.example:5000/k8s/flannel:v0.28.10')
})

test('a worker needs nothing of the control plane, and CoreDNS is on masters', () => {
  const names = imageNames(sampleKubernetes())
  const worker = imagesForRoles(names, ['worker'])
  expect(worker).toEqual([names.kubeProxy, names.pause, names.flannel])
  expect(imagesForRoles(names, ['master'])).toEqual([
    names.apiServer,
    names.controllerManager,
    names.scheduler,
    names.coredns,
    ...worker,
  ])
})
