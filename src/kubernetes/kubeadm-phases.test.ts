import { expect, test } from 'vitest'
import { MANIFESTS, phaseCommand } from './kubeadm-phases.ts'

test('each phase is run by itself, with the one file', () => {
  expect(phaseCommand('kube-proxy')).toEqual([
    'kubeadm',
    'init',
    'phase',
    'addon',
    'kube-proxy',
    '--config',
    '/etc/kubernetes/quorate/kubeadm.yaml',
  ])
  expect(MANIFESTS[0]).toBe('/etc/kubernetes/manifests/kube-apiserver.yaml')
})
