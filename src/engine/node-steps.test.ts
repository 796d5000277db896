import { expect, test } from 'vitest'
import type { ServicesState } from '../host/services.ts'
import {
  type ImageStep,
  type KernelStep,
  NODE,
  type NodeStep,
  type ProgramStep,
  TOLD_LATER,
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
  files: ['kubernetes'],
  links: { '/usr/local/bin/kubelet': 'kubernetes', '/usr/local/bin/kubectl': 'kubernetes' },
}

const IMAGE: ImageStep = {
  ...COMMON,
  kind: 'image',
  archive: 'control-plane.tar',
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

test('what a step needs from this computer is not in it: its tier supplies it, and a step without it is a bug', () => {
  const file = { file: '/cache/kubernetes', sha256: 'ab12' }
  expect(NODE.program.operations(PROGRAM, { kubernetes: file })).toEqual([
    [
      'program',
      { content: file, path: `${PROGRAM.directory}/kubernetes`, sha256: 'ab12', version: '1.37.2' },
    ],
    [
      'program_links',
      {
        target: `${PROGRAM.directory}/kubernetes`,
        paths: ['/usr/local/bin/kubelet', '/usr/local/bin/kubectl'],
      },
    ],
  ])
  expect(() => NODE.image.operations(IMAGE, {})).toThrow("no archive was supplied for '' on worker01")
})

test('a digest that is not known beforehand is told by the machine', () => {
  expect(NODE.image.predict(EMPTY, IMAGE).images).toEqual({
    'registry.k8s.io/kube-apiserver:v1.37.2': 'sha256:ab',
    'registry.k8s.io/kube-scheduler:v1.37.2': TOLD_LATER,
  })
})
