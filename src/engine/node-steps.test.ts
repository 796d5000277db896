import { expect, test } from 'vitest'
import { kernelFiles } from '../host/node-parts.ts'
import type { ServicesState } from '../host/services.ts'
import {
  type ImageStep,
  type KernelStep,
  NODE,
  type NodeRemoveStep,
  type NodeStep,
  type ProgramStep,
  REPORTED_LATER,
} from './node-steps.ts'
import type { ServiceKind } from './service-kind.ts'

const COMMON = { tier: 'containerd', host: 'worker01', danger: 'none', what: '', why: '' } as const
const EMPTY: ServicesState = { units: {}, files: {}, devices: {}, holders: {} }

const KERNEL: KernelStep = {
  ...COMMON,
  kind: 'kernel',
  name: 'quorate',
  texts: { modules: 'overlay\n', settings: 'net.ipv4.ip_forward = 1\n' },
  modules: ['overlay'],
  settings: { 'net.ipv4.ip_forward': '1' },
}

const PROGRAM: ProgramStep = {
  ...COMMON,
  kind: 'program',
  product: 'kubernetes',
  version: '1.37.2',
  directory: '/opt/quorate/kubernetes/1.37.2',
  programs: ['kubeadm', 'kubelet'],
  links: { '/usr/local/bin/kubeadm': 'kubeadm', '/usr/local/bin/kubelet': 'kubelet' },
}

const IMAGE: ImageStep = {
  ...COMMON,
  kind: 'image',
  images: {
    'registry.k8s.io/kube-apiserver:v1.37.2': 'sha256:ab',
    'registry.k8s.io/kube-scheduler:v1.37.2': undefined,
  },
}

test.each<[string, NodeStep]>([
  ['kernel', KERNEL],
  ['program', PROGRAM],
  ['image', IMAGE],
])('%s: all its pieces together do what is predicted, and each of them something', (_kind, step) => {
  const kind = NODE[step.kind] as unknown as ServiceKind<NodeStep>
  const machine = { services: EMPTY }
  for (const piece of kind.simulate(machine, step)) {
    const before = machine.services
    piece()
    expect(machine.services).not.toEqual(before)
  }
  expect(machine.services).toEqual(kind.predict(EMPTY, step))
  expect(kind.predict(machine.services, step)).toEqual(machine.services)
})

test('what was created is removed: settings are renamed, programs and links deleted, and other files stay', () => {
  const paths = kernelFiles('quorate')
  const step: NodeRemoveStep = {
    ...COMMON,
    kind: 'node-remove',
    suffix: 'before-T',
    settings: Object.values(paths),
    programs: [...Object.keys(PROGRAM.links), '/opt/quorate/kubernetes'],
  }
  const made = [KERNEL, PROGRAM].reduce<ServicesState>(
    (before, one) => (NODE[one.kind] as unknown as ServiceKind<NodeStep>).predict(before, one),
    { ...EMPTY, programs: { files: {}, links: { '/usr/local/bin/other': null } } },
  )
  const after = NODE['node-remove'].predict(made, step)
  expect(after.kernel?.files).toEqual({})
  expect(after.programs).toEqual({ files: {}, links: { '/usr/local/bin/other': null } })
  expect(NODE['node-remove'].operations(step, {})).toEqual([
    ['aside', { suffix: 'before-T', paths: step.settings }],
    ['remove', { paths: step.programs }],
  ])
  const machine = { services: made }
  for (const piece of NODE['node-remove'].simulate(machine, step)) piece()
  expect(machine.services).toEqual(after)
})

test('programs that are one file are installed once, and the archive of several images is imported once', () => {
  const { directory, version } = PROGRAM
  const file = { file: '/cache/kubernetes', sha256: 'ab12' }
  expect(NODE.program.operations(PROGRAM, { kubeadm: file, kubelet: { ...file } })).toEqual([
    [
      'program',
      { content: file, path: `${directory}/kubeadm`, sha256: 'ab12', version, aliases: ['kubelet'] },
    ],
    ['program_link', { target: `${directory}/kubeadm`, path: '/usr/local/bin/kubeadm' }],
    ['program_link', { target: `${directory}/kubelet`, path: '/usr/local/bin/kubelet' }],
  ])
  const two = { kubeadm: { file: '/cache/kubeadm' }, kubelet: { file: '/cache/kubelet' } }
  expect(NODE.program.operations(PROGRAM, two).map(([name]) => name)).toEqual([
    'program',
    'program',
    'program_link',
    'program_link',
  ])
  const names = Object.keys(IMAGE.images)
  const archives = Object.fromEntries(names.map((name) => [name, { file: '/cache/control-plane.tar' }]))
  expect(NODE.image.operations(IMAGE, archives)).toEqual([
    ['images', { archive: { file: '/cache/control-plane.tar' }, names }],
  ])
})

test('a step that was not supplied with what it needs is a bug', () => {
  expect(() => NODE.image.operations(IMAGE, {})).toThrow(TypeError)
  expect(() => NODE.program.operations(PROGRAM, { kubeadm: { text: '' } })).toThrow(TypeError)
})

test('a digest that is not known beforehand is reported by the machine', () => {
  expect(NODE.image.predict(EMPTY, IMAGE).images).toEqual({
    'registry.k8s.io/kube-apiserver:v1.37.2': 'sha256:ab',
    'registry.k8s.io/kube-scheduler:v1.37.2': REPORTED_LATER,
  })
})
