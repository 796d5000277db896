import { expect, test } from 'vitest'
import { parseHostState } from './observe.ts'

const seen = (...lines: readonly string[]) => parseHostState('worker01', false, lines).services

test('settings of the kernel, its modules, and the files that set them at boot', () => {
  const services = seen(
    'kernel quorate',
    'module overlay',
    '/proc/sys/net/ipv4/ip_forward:1',
    '/etc/modules-load.d/quorate.conf:overlay',
    '/etc/modules-load.d/quorate.conf:vxlan',
    '/etc/sysctl.d/other.conf:net.ipv4.ip_forward = 0',
  )
  expect(services?.kernel).toEqual({
    modules: ['overlay'],
    settings: { 'net.ipv4.ip_forward': '1' },
    files: { '/etc/modules-load.d/quorate.conf': 'overlay\nvxlan\n' },
  })
})

test('a program counts as installed by quorate while it has the recorded checksum, and only links have targets', () => {
  const services = seen(
    'programs',
    'program /opt/quorate/kubernetes/1.37.2/kubelet ab12 1.37.2',
    'program /opt/quorate/kubernetes/1.37.2/kubeadm unknown unknown',
    'program-link /usr/local/bin/kubelet /opt/quorate/kubernetes/1.37.2/kubelet',
    'program-link /usr/local/bin/kubectl',
  )
  expect(services?.programs).toEqual({
    files: {
      '/opt/quorate/kubernetes/1.37.2/kubelet': { sha256: 'ab12', version: '1.37.2' },
      '/opt/quorate/kubernetes/1.37.2/kubeadm': { sha256: undefined, version: undefined },
    },
    links: {
      '/usr/local/bin/kubelet': '/opt/quorate/kubernetes/1.37.2/kubelet',
      '/usr/local/bin/kubectl': null,
    },
  })
})

test('no images is another thing than a containerd that does not answer', () => {
  expect(seen('images', 'image registry.k8s.io/pause:3.10.2 sha256:ab')?.images).toEqual({
    'registry.k8s.io/pause:3.10.2': 'sha256:ab',
  })
  expect(seen('images')?.images).toEqual({})
  expect(seen()).toMatchObject({ images: undefined, kernel: undefined, programs: undefined })
})
