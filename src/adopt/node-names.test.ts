import { expect, test } from 'vitest'
import type { ListedMember } from '../etcd/listed-member.ts'
import { checkName } from '../spec/values.ts'
import { nodeNames, withNodeNames } from './node-names.ts'

function listed(...names: readonly string[]): ListedMember[] {
  return names.map((name, at) => ({
    id: BigInt(at + 1),
    name,
    peerUrls: [`https://192.168.1.${at + 1}:2380`],
    clientUrls: [],
    learner: false,
  }))
}

function namesOf(...names: readonly string[]): string[] {
  const all = nodeNames(listed(...names))
  return names.map((_name, at) => all.get(BigInt(at + 1))?.name ?? '')
}

test.each([
  ['names that nodes can have', ['etcd01', 'default', 'a'], ['etcd01', 'default', 'a']],
  [
    'kubeasz’s, of addresses',
    ['etcd-192.168.1.1', 'etcd-192.168.1.2'],
    ['etcd-192-168-1-1', 'etcd-192-168-1-2'],
  ],
  ['host names', ['db1.example.org', 'db2.example.org'], ['db1', 'db2']],
  [
    'host names whose first labels are alike',
    ['etcd.a.example', 'etcd.b.example'],
    ['etcd-a-example', 'etcd-b-example'],
  ],
  ['capitals, underscores, blanks', ['Etcd_1', 'Node A'], ['etcd-1', 'node-a']],
  ['what becomes another member’s name', ['Etcd01', 'etcd01'], ['etcd01-2', 'etcd01']],
  ['what becomes the same twice', ['a_b', 'a.b_'], ['a-b', 'a-b-2']],
  ['words that select nodes', ['etcd', 'common'], ['etcd-2', 'common-2']],
  ['nothing that a name could be made of', ['日本', '…'], ['etcd-192-168-1-1', 'etcd-192-168-1-2']],
  ['one name for several', ['default', 'default', 'x'], ['etcd-192-168-1-1', 'etcd-192-168-1-2', 'x']],
])('%s', (_what, names, wanted) => {
  expect(namesOf(...names)).toEqual(wanted)
})

test('long names are cut, and still no two are alike', () => {
  const names = namesOf(`${'x'.repeat(80)}_1`, `${'x'.repeat(80)}_2`)
  expect(new Set(names).size).toBe(2)
  expect(names.map((name) => checkName(name))).toEqual([undefined, undefined])
})

test("what can't be kept is reported; a member that never started has no name", () => {
  const list = listed('twin', 'twin', 'a=b', 'etcd-192.168.1.4', '')
  const names = nodeNames(list)
  expect([...names.values()].map(({ lost }) => lost !== undefined)).toEqual([true, true, true, false])
  expect(names.has(5n)).toBe(false)
  expect(withNodeNames(list, names).at(3)).toMatchObject({
    name: 'etcd-192-168-1-4',
    etcdName: 'etcd-192.168.1.4',
  })
  expect(withNodeNames(list, names).at(4)).toBe(list[4])
})
