import { expect, test } from 'vitest'
import { labelsOf, taintsOf } from './kubernetes.ts'
import { parseClusterFile } from './parse.ts'
import { NINE, nine } from './sample.ts'

function resolved(more: string, text = NINE) {
  const { cluster, problems } = parseClusterFile(`${text}  ${more}\n`, 'cluster.yaml')
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  return cluster!.kubernetes!
}

const TAINT = '{ key: dedicated, value: edge, effect: NoSchedule }'

test.each(['all', 'common'])(
  "the narrower selector counts: a node's own, its groups', its roles', %s",
  (all) => {
    const spec = resolved(
      `nodeLabels: { worker01: { d: node }, ${all}: { d: all, zone: a }, edge: { d: group }, worker: { d: role } }`,
    )
    const label = (node: string) => labelsOf(spec, node)['d']
    expect(['worker01', 'worker02', 'worker03', 'master01'].map(label)).toEqual([
      'node',
      'group',
      'role',
      'all',
    ])
    expect(labelsOf(spec, 'worker01')).toEqual({ d: 'node', zone: 'a' })
    // Not a Kubernetes node.
    expect(Object.keys(spec.nodeLabels)).not.toContain('etcd01')
  },
)

test('taints of a master stand in place of the usual one; none are none', () => {
  expect(resolved('taints: { control-plane: [] }').taints).toEqual({ master01: [], master02: [] })
  const spec = resolved(
    `taints: { edge: [${TAINT}], worker01: [{ key: dedicated, value: other, effect: NoSchedule }] }`,
  )
  expect(Object.hasOwn(spec.taints, 'master01')).toBe(false)
  expect(taintsOf(spec, 'worker01')).toEqual([{ key: 'dedicated', value: 'other', effect: 'NoSchedule' }])
  expect(taintsOf(spec, 'worker02')).toEqual([{ key: 'dedicated', value: 'edge', effect: 'NoSchedule' }])
  expect(taintsOf(spec, 'master01')).toEqual([])
})

test('a machine that is both has no taint that would keep pods off it', () => {
  const both = NINE.replace('roles: [worker] }', 'roles: [master, worker] }')
  expect(resolved('dnsDomain: x.y', both).taints).toEqual({ worker01: [] })
})

test.each<[string, RegExp]>([
  [
    'nodeLabels: { wroker: { a: b } }',
    /:17:17: kubernetes\.nodeLabels: wroker is not a node, .*; check the spelling: the closest match is worker/,
  ],
  ['nodeLabels: { etcd01: { a: b } }', /etcd01 has neither master nor worker/],
  ['nodeLabels: { etcd: { a: b } }', /etcd has neither master nor worker/],
  ['nodeLabels: { worker: { "a b": c } }', /:17:27: kubernetes\.nodeLabels: "a b" is not a valid key/],
  ['nodeLabels: { worker: { a: "b c" } }', /kubernetes\.nodeLabels\.worker\.a: "b c" is not a valid/],
  ['nodeLabels: { worker: { a: true } }', /true without quotes is a truth value to YAML/],
  [
    'nodeLabels: { worker: { kubernetes.io/hostname: x } }',
    /kubernetes\.io\/hostname is set by Kubernetes itself/,
  ],
  [
    'nodeLabels: { edge: { a: b }, far: { a: c } }',
    /worker02 gets a from edge and from far, with two values/,
  ],
  ['taints: { worker: [{ key: a, effect: Never }] }', /effect: "Never" is not known/],
  ['taints: { worker: [{ effect: NoSchedule }] }', /taints\.worker\[0\]\.key is missing/],
  ['taints: { worker: [{ key: "a b", effect: NoSchedule }] }', /"a b" is not a valid key/],
  [`taints: { worker: [${TAINT}, ${TAINT}] }`, /dedicated:NoSchedule appears twice/],
  [
    'taints: { worker: [{ key: node.kubernetes.io/not-ready, effect: NoExecute }] }',
    /set and removed by Kubernetes/,
  ],
  [
    `taints: { master: [${TAINT}] }`,
    /warning: kubernetes\.taints: master01 is a master, and these stand in place of/,
  ],
  [`taints: { nobody: [${TAINT}] }`, /nobody is not a node, group or role of this file/],
])('%s: said', (more, expected) => {
  expect(nine(more)).toEqual([expect.stringMatching(expected)])
})

test('two groups may say the same, and a node settles what two of them say', () => {
  expect(nine('nodeLabels: { edge: { a: b }, far: { a: b } }')).toEqual([])
  expect(nine(`taints: { edge: [${TAINT}], far: [{ key: dedicated, effect: NoExecute }] }`)).toEqual([])
})

test('control-plane is the masters, unless a group has that name', () => {
  const group = NINE.replace('groups: { ', 'groups: { control-plane: [worker03], ')
  expect(Object.keys(resolved('nodeLabels: { control-plane: { a: b } }').nodeLabels)).toEqual([
    'master01',
    'master02',
  ])
  expect(Object.keys(resolved('nodeLabels: { control-plane: { a: b } }', group).nodeLabels)).toEqual([
    'worker03',
  ])
})
