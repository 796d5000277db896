import { describe, expect, test } from 'vitest'
import { editNodes } from './edit-nodes.ts'
import { parseClusterFile } from './parse.ts'

const etcd04 = {
  kind: 'add-node',
  node: { name: 'etcd04', address: '198.18.9.14', roles: ['etcd'] },
} as const
const remove = (name: string) => ({ kind: 'remove-node', name }) as const

const ONE_LINE = `name: x # the name
nodes:
  # the first
  - { name: a, address: 198.18.9.11, roles: [etcd] } # one

  # the second
  - { name: b, address: 198.18.9.12, roles: [etcd, worker] }   # two
groups: { left: [a, b], right: [b] }
# about etcd
etcd: { version: "3.5.16" }
`

const LINES = `name: x
nodes:
- name: a
  address: 198.18.9.11
  roles:
  - etcd   # a role
- address: 198.18.9.12
  name: b
  # roles of b
  roles:
  - etcd
  - worker
  # end of b

etcd:
  version: "3.5.16"
`

describe('a node is added behind the last', () => {
  test('in the style of one a line', () => {
    expect(editNodes(ONE_LINE, [etcd04])).toBe(
      ONE_LINE.replace('# two\n', '# two\n  - { name: etcd04, address: 198.18.9.14, roles: [etcd] }\n'),
    )
  })

  test('in the style of one key a line', () => {
    const added = '- name: etcd04\n  address: 198.18.9.14\n  roles: [etcd]\n'
    expect(editNodes(LINES, [etcd04])).toBe(LINES.replace('  - worker\n', `  - worker\n${added}`))
  })

  test('in a list within brackets', () => {
    const text = 'nodes: [{ name: a, address: 198.18.9.11, roles: [etcd] }]\netcd: { version: "3.5.16" }\n'
    expect(editNodes(text, [etcd04])).toBe(
      'nodes: [{ name: a, address: 198.18.9.11, roles: [etcd] }, { name: etcd04, address: 198.18.9.14, roles: [etcd] }]\netcd: { version: "3.5.16" }\n',
    )
    const lines = 'nodes: [\n  { name: a },\n  { name: b }\n]\n'
    expect(editNodes(lines, [etcd04])).toContain('  { name: b },\n  { name: etcd04,')
  })

  test('with the line ends of another system, and without one at the end of the file', () => {
    const text = 'nodes:\r\n  - { name: a } # one'
    expect(editNodes(text, [etcd04])).toBe(
      'nodes:\r\n  - { name: a } # one\r\n  - { name: etcd04, address: 198.18.9.14, roles: [etcd] }',
    )
  })

  test('with ssh settings; texts that YAML would read as another type are quoted', () => {
    const ssh = { user: 'no', port: 2222, identityFile: '~/a, b', jump: undefined }
    const node = { name: 'etcd04', address: '2001:db8::4', roles: ['etcd'], ssh }
    const { cluster, problems } = parseClusterFile(
      editNodes(ONE_LINE, [{ kind: 'add-node', node }]),
      '/c.yaml',
      {
        home: '/home/o',
      },
    )
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
    expect(cluster?.nodes.at(-1)).toMatchObject({
      name: 'etcd04',
      address: '2001:db8::4',
      ssh: { user: 'no', port: 2222, identityFile: '/home/o/a, b', jump: undefined },
    })
  })
})

describe('a node is removed', () => {
  test('with its line, and from its groups; comments above stay', () => {
    const text = ONE_LINE.replace('right: [b]', 'right: [b, a]')
    expect(editNodes(text, [remove('a')])).toBe(
      text
        .replace('  - { name: a, address: 198.18.9.11, roles: [etcd] } # one\n', '')
        .replace('[a, b]', '[b]')
        .replace('[b, a]', '[b]'),
    )
  })

  test.each([
    ['a', /^- name: a[^]*# a role\n/m],
    ['b', /^- address[^]*- worker\n/m],
  ])('with its lines: %s', (name, own) => {
    expect(editNodes(LINES, [remove(name)])).toBe(LINES.replace(own, ''))
  })

  test.each([
    ['a', 'nodes: [ { name: b } ]\n'],
    ['b', 'nodes: [ { name: a } ]\n'],
  ])('out of a list within brackets: %s', (name, expected) => {
    expect(editNodes('nodes: [ { name: a }, { name: b } ]\n', [remove(name)])).toBe(expected)
  })

  test('not the only one of a group: what to do is said', () => {
    expect(() => editNodes(ONE_LINE, [remove('b')])).toFail('cluster-file/cannot-be-edited', {
      says: / group right$/,
      fix: [' node b ', 'quorate apply'],
    })
  })
})

const role = (kind: 'add-role' | 'remove-role', name: string, what: string) =>
  ({ kind, name, role: what }) as const

describe('a role', () => {
  test('is taken, or given, within brackets', () => {
    expect(editNodes(ONE_LINE, [role('remove-role', 'b', 'etcd')])).toBe(
      ONE_LINE.replace('[etcd, worker]', '[worker]'),
    )
    expect(editNodes(ONE_LINE, [role('remove-role', 'b', 'worker')])).toBe(
      ONE_LINE.replace('[etcd, worker]', '[etcd]'),
    )
    expect(editNodes(ONE_LINE, [role('add-role', 'a', 'master')])).toBe(
      ONE_LINE.replace('roles: [etcd] }', 'roles: [etcd, master] }'),
    )
  })

  test('is taken, or given, a line each', () => {
    expect(editNodes(LINES, [role('remove-role', 'b', 'etcd')])).toBe(
      LINES.replace('  - etcd\n  - worker', '  - worker'),
    )
    expect(editNodes(LINES, [role('add-role', 'a', 'master')])).toBe(
      LINES.replace('# a role\n', '# a role\n  - master\n'),
    )
  })
})

test('several edits at once: one leaves, another takes its place', () => {
  const text = ONE_LINE.replace('right: [b]', 'right: [a]')
  const { cluster } = parseClusterFile(editNodes(text, [etcd04, remove('b')]), '/c.yaml')
  expect(cluster?.nodes.map(({ name }) => name)).toEqual(['a', 'etcd04'])
})

test.each([
  ['a list that only has a name here', 'x: &n [{ name: a }]\nnodes: *n\n', etcd04],
  ['a node that is not there', ONE_LINE, remove('c')],
])('%s: refused', (_what, text, edit) => {
  expect(() => editNodes(text, [edit])).toThrow(expect.objectContaining({ code: 'cluster-file' }))
})
