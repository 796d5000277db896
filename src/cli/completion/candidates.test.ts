import { expect, test } from 'vitest'
import type { Cluster } from '../../spec/cluster.ts'
import { COMMANDS } from '../commands.ts'
import { candidates, fileOption } from './candidates.ts'
import { namesIn } from './names.ts'

/** The candidates' values, or what has to be looked up. */
function completed(...words: string[]): string[] {
  return candidates(COMMANDS, words).map((one) => ('value' in one ? one.value : `<${one.kind}>`))
}

test('commands, by their beginning, and the second word of two', () => {
  expect(completed('rese')).toEqual(['reset'])
  expect(completed('certs', '')).toEqual(['list', 'client', 'renew', 'rotate-ca', 'csr', 'import'])
  expect(completed('help', 'certs', 'c')).toEqual(['client', 'csr'])
  expect(completed('')).not.toContain('__complete')
})

test('options of the command and those of all', () => {
  expect(completed('reset', '--')).toEqual(expect.arrayContaining(['--purge', '--confirm', '--json']))
  expect(completed('reset', '--p')).toEqual(['--purge', '--passphrase-file'])
  expect(completed('nodes', '--p')).toEqual(['--passphrase-file'])
})

test('values of options: choices, files, or nothing that could be known', () => {
  expect(completed('init', '--authority', '')).toEqual(['local', 'host', 'offline'])
  expect(completed('-f', '')).toEqual(['<files>'])
  expect(completed('plan', '--out', '')).toEqual(['<files>'])
  expect(completed('reset', '--confirm', '')).toEqual([])
})

test('names from the cluster file are offered where nodes and roles are expected, also after options', () => {
  expect(completed('run', 'e')).toEqual(['<selectors>'])
  expect(completed('-f', 'x.yaml', 'run', '--root', '')).toEqual(['<selectors>'])
  expect(completed('reset', '')).toEqual(['<nodes>'])
  expect(completed('certs', 'renew', '')).toEqual(['<etcd-nodes>'])
  expect(completed('trust', 'etcd01', '')).toEqual(['<nodes>'])
  expect(completed('reset', 'etcd01', '')).toEqual([])
  expect(completed('run', 'etcd', '--', 'l')).toEqual(['<files>'])
  expect(completed('explain', 'n')).toEqual(['<topics>'])
})

test('the file before the cursor is the one that names come from', () => {
  expect(fileOption(['-f', 'a.yaml', 'run', ''])).toBe('a.yaml')
  expect(fileOption(['run', '-f', ''])).toBe('')
  expect(fileOption(['run', ''])).toBeUndefined()
})

test('roles without nodes are not offered', () => {
  const nodes = [
    { name: 'n1', address: '198.18.0.1', roles: ['etcd'] },
    { name: 'n2', address: '198.18.0.2', roles: ['worker'] },
  ]
  const cluster = { nodes, groups: { edge: ['n2'] } } as unknown as Cluster
  const values = (kind: 'selectors' | 'etcd-nodes') => namesIn(cluster, kind).map(({ value }) => value)
  expect(values('selectors')).toEqual(['all', 'etcd', 'worker', 'edge', 'n1', 'n2'])
  expect(values('etcd-nodes')).toEqual(['n1'])
})
