import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ErrorTopic } from '../error-ids.ts'
import { etcdNodes } from '../spec/cluster.ts'
import { removedNode, keepRemovedNode, unclearedNodes } from './removed-nodes.ts'
import { memberAddition, memberRemoval, memberReplacement } from './membership-edit.ts'

const TEXT = `name: prod
nodes: # the machines
  - { name: etcd01, address: 198.18.9.11, roles: [etcd] }
  - { name: etcd02, address: 198.18.9.12, roles: [etcd, worker] }
  - { name: etcd03, address: 198.18.9.13, roles: [etcd], ssh: { user: eve, port: 2222 } }
  - { name: worker01, address: 198.18.9.21, roles: [worker] }
etcd: { version: "3.5.16", source: { debian: { suite: trixie } } }
`

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'quorate-member-'))
  file = path.join(folder, 'cluster.yaml')
  await writeFile(file, TEXT)
})
afterEach(async () => await rm(folder, { recursive: true }))

const names = (change: { readonly wanted: Parameters<typeof etcdNodes>[0] }) =>
  etcdNodes(change.wanted).map(({ name }) => name)

test('an addition: of a node of the file, of a new one, and of one that is a member of it already', async () => {
  const role = await memberAddition(file, { name: 'worker01' })
  expect(role.edits).toEqual([{ kind: 'add-role', name: 'worker01', role: 'etcd' }])
  expect(names(role)).toEqual(['etcd01', 'etcd02', 'etcd03', 'worker01'])
  const fresh = await memberAddition(file, { name: 'etcd04', address: '198.18.9.14', ssh: { user: 'ann' } })
  expect(fresh.wanted.nodes.at(-1)).toMatchObject({ name: 'etcd04', ssh: { user: 'ann' } })
  const known = await memberAddition(file, { name: 'etcd01', address: '198.18.9.11' })
  expect(known).toMatchObject({ edits: [], text: { after: TEXT } })
  expect(await readFile(file, 'utf8')).toBe(TEXT)
})

test('a removal: of a role, or of the whole node', async () => {
  const change = await memberRemoval(file, ['etcd02', 'etcd03'])
  expect(change.edits.map(({ kind }) => kind)).toEqual(['remove-role', 'remove-node'])
  expect(change.leaving.map(({ name, ssh }) => [name, ssh.user])).toEqual([
    ['etcd02', undefined],
    ['etcd03', 'eve'],
  ])
  expect(names(change)).toEqual(['etcd01'])
  expect(change.wanted.nodes.map(({ name }) => name)).toEqual(['etcd01', 'etcd02', 'worker01'])
})

test('a replacement: by another node, or on its own', async () => {
  const change = await memberReplacement(file, 'etcd03', { name: 'etcd04', address: '198.18.9.14' })
  expect(names(change)).toEqual(['etcd01', 'etcd02', 'etcd04'])
  expect(change.leaving.map(({ name }) => name)).toEqual(['etcd03'])
  const own = await memberReplacement(file, 'etcd03', { name: 'etcd03' }, 'abc')
  expect(own).toMatchObject({ edits: [], recreated: [{ node: { name: 'etcd03' }, memberId: 'abc' }] })
})

test('a node that left is known as long as it may have to be decommissioned', async () => {
  const { present, leaving } = await memberRemoval(file, ['etcd03'])
  const left = new Date('2026-07-30T10:11:12Z')
  for (const node of leaving) await keepRemovedNode(present, node, { left })
  // It is still in the file: no node has left yet.
  expect(await unclearedNodes(present)).toEqual([])
  await writeFile(file, TEXT.replace(/.*etcd03.*\n/, ''))
  const again = await memberRemoval(file, ['etcd03'])
  expect(again.edits).toEqual([])
  expect(again.leaving).toEqual([{ ...leaving[0], roles: ['etcd'] }])
  expect(await unclearedNodes(again.present)).toMatchObject([{ name: 'etcd03' }])
  await keepRemovedNode(present, { ...leaving[0]!, etcdName: 'default' }, { left })
  expect((await removedNode(present, 'etcd03'))?.node.etcdName).toBe('default')
  await keepRemovedNode(present, leaving[0]!, { left, cleared: left })
  expect(await unclearedNodes(again.present)).toEqual([])
  expect((await removedNode(present, 'etcd03'))?.cleared).toBe('2026-07-30T10:11:12.000Z')
})

/** What the message and the fix name. */
interface Parts {
  readonly says: string | readonly string[]
  readonly fix?: string
}

test.each<[string, () => Promise<unknown>, ErrorTopic | 'cluster-file', Parts]>([
  [
    'a new node without an address',
    () => memberAddition(file, { name: 'etcd04' }),
    'usage/no-such-node',
    { says: "'etcd04'", fix: '--address' },
  ],
  [
    'another address',
    () => memberAddition(file, { name: 'etcd01', address: '198.18.9.9' }),
    'usage/another-address',
    { says: ['etcd01 ', ' 198.18.9.11'], fix: '--address' },
  ],
  [
    'an address twice',
    () => memberAddition(file, { name: 'x', address: '198.18.9.11' }),
    'cluster-file',
    { says: ' 198.18.9.11' },
  ],
  [
    'nobody',
    () => memberRemoval(file, ['etcd09']),
    'usage/no-such-etcd-node',
    { says: "'etcd09'", fix: 'etcd01, etcd02, etcd03' },
  ],
  [
    'all of them',
    () => memberRemoval(file, ['etcd01', 'etcd02', 'etcd03']),
    'blocked/all-etcd-nodes-leave',
    { says: 'etcd01, etcd02, etcd03', fix: 'quorate reset' },
  ],
  [
    '--recreate for another node',
    () => memberReplacement(file, 'etcd01', { name: 'worker01' }, 'abc'),
    'usage/conflicting-options',
    { says: '--recreate' },
  ],
])('%s: refused', async (_what, work, topic, facts) => {
  await expect(work()).rejects.toFail(topic, facts)
})

test('the only node, and the node that the CA lives on, do not leave', async () => {
  await writeFile(file, TEXT.replaceAll(/.*etcd0[23].*\n/g, ''))
  await expect(memberRemoval(file, ['etcd01'])).rejects.toMatchObject({ code: 'blocked' })
  const pki = 'pki: { authority: { host: { name: etcd03, certificate: /root/ca.crt, key: /root/ca.key } } }\n'
  await writeFile(file, TEXT + pki)
  await expect(memberRemoval(file, ['etcd03'])).rejects.toFail('blocked/ca-host-would-leave', {
    says: 'etcd03',
  })
})
