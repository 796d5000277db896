import { expect, test } from 'vitest'
import { etcdNameOf, nodeNameOf } from './etcd-name.ts'
import { parseClusterFile } from './parse.ts'
import { GOOD, lines } from './sample.ts'

/** The second node, on line 4, with additional keys. */
function second(more: string): string {
  return GOOD.replace('198.18.9.2', `198.18.9.2, ${more}`)
}

test.each([
  'etcd-198.18.9.2',
  'default',
  'etcd02.example.org',
  'Etcd_2',
  'two words',
  'ä',
  '"#1: x"',
  'etcd02',
])('etcdName %s', (name) => {
  const { cluster, problems } = parseClusterFile(second(`etcdName: ${name}`), '/cluster.yaml')
  expect(problems).toEqual([])
  const node = cluster?.nodes[1]
  expect(node && etcdNameOf(node)).toBe(name.replaceAll('"', ''))
  expect(cluster && nodeNameOf(cluster, name.replaceAll('"', ''))).toBe('etcd02')
  expect(cluster && nodeNameOf(cluster, 'another')).toBe('another')
})

test.each(['"a=b"', '"a,b"', '"a$b"', '""', '" a"', '"a\\nb"', '"a\\u202eb"', 'x'.repeat(256)])(
  'etcdName %s is refused at its place',
  (name) => {
    const found = lines(second(`etcdName: ${name}`))
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^cluster\.yaml:4:\d+: node etcd02, etcdName: /)
  },
)

test("no two members have one name in etcd, nor one that is another node's", () => {
  const twice = second('etcdName: default').replace('198.18.9.3', '198.18.9.3, etcdName: default')
  expect(lines(twice)).toEqual([expect.stringMatching(/^cluster\.yaml:5:\d+: .*default.*line 4/)])
  expect(lines(second('etcdName: etcd03'))).toEqual([
    expect.stringMatching(/^cluster\.yaml:4:\d+: etcd03 .* \(line 5\)/),
  ])
})
