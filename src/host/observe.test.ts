import { spawnSync } from 'node:child_process'
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { sampleCluster } from '../etcd/sample.ts'
import { etcdNodes } from '../spec/cluster.ts'
import { looksFor, parseHostState } from './observe.ts'
import { PATHS } from './state.ts'

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
const spki = createHash('sha256')
  .update(createPublicKey(pem).export({ type: 'spki', format: 'der' }))
  .digest('hex')

const LINES = [
  'os debian 12',
  'machine x86_64',
  'boot 6c1e',
  'package curl installed',
  'package sudo config-files',
  'account user 998 998 files locked',
  'account home /nonexistent',
  'account shell /bin/false',
  'account primary etcd',
  'account group 998 files ',
  `path ${PATHS.environment}|regular file|root|etcd|640`,
  `path ${PATHS.clusterId}|regular empty file|root|root|644`,
  'path /opt/etcd/data|directory|etcd|etcd|700',
  'data present',
  `${PATHS.environment}:ETCD_NAME=etcd01`,
  `${PATHS.environment}:`,
  `${PATHS.environment}:# a: b`,
  '/etc/ssl/etcd/ca.crt:CA',
  '/etc/ssl/etcd/etcd.crt:LEAF',
  '/etc/ssl/etcd.d/pending/etcd.csr:REQUEST',
  '/etc/ssl/etcd.d/pending/etcd.cnf:[ req ]',
  `key etcd.key ${pem.replaceAll(/\s/g, '')}`,
  `binary etcd ${'a'.repeat(64)} 3.5.16`,
  `binary etcdctl ${'b'.repeat(64)} unknown`,
  'unit LoadState loaded',
  'unit ActiveState active',
  'unit UnitFileState enabled',
  'unit NeedDaemonReload no',
  'unit MainPID 42',
  'unit DropInPaths ',
  `environment ${Buffer.from('ETCD_NAME=etcd01\0A=b=c\0').toString('base64')}`,
  'running /usr/local/bin/etcd',
]

test('what a machine answers becomes its state', () => {
  const state = parseHostState('etcd01', true, LINES)
  expect(state).toMatchObject({
    os: { id: 'debian', version: '12' },
    architecture: 'amd64',
    packages: ['curl'],
  })
  expect(state.member).toMatchObject({
    account: { user: { uid: 998, shell: '/bin/false', source: 'files' }, group: { gid: 998, members: [] } },
    dataPresent: true,
    walPresent: false,
    paths: { [PATHS.environment]: { type: 'file', owner: 'root', group: 'etcd', mode: '640' } },
    binaries: { etcd: { version: '3.5.16' }, etcdctl: { version: undefined } },
    tls: { ca: 'CA\n', certificates: { etcd: { pem: 'LEAF\n' } } },
    unit: { exists: true, active: 'active', enabled: true, needsReload: false, mainPid: 42, dropIns: [] },
  })
  expect(state.member?.unit.environment).toEqual({ ETCD_NAME: 'etcd01', A: 'b=c' })
  expect(state.member?.tls.pending).toEqual({ etcd: { csr: 'REQUEST\n', configuration: '[ req ]\n' } })
})

test('where a link leads is part of its state', () => {
  const lines = ['path /opt/etcd|symbolic link|root|root|777', 'link /opt/etcd /mnt/a b']
  expect(parseHostState('etcd01', true, [...LINES, ...lines]).member?.paths['/opt/etcd']).toEqual({
    type: 'other',
    owner: 'root',
    group: 'root',
    mode: '777',
    leadsTo: '/mnt/a b',
  })
})

test('texts keep their empty lines and colons; an empty file is there, an absent one is not', () => {
  const contents = parseHostState('etcd01', true, LINES).member?.contents
  expect(contents).toEqual({ [PATHS.environment]: 'ETCD_NAME=etcd01\n\n# a: b\n', [PATHS.clusterId]: '' })
})

test("a key is known by its public part's digest", () => {
  expect(parseHostState('etcd01', true, LINES).member?.tls.keys).toEqual({ etcd: spki })
})

test.each([
  [[], undefined],
  [['stopped since=2030-01-07T21:03:11.501Z'], { since: '2030-01-07T21:03:11.501Z' }],
  // The marker counts whatever it contains; an invalid time is not repeated.
  [['stopped '], { since: undefined }],
  [['stopped since=\u001B[2Jnow'], { since: undefined }],
])('the mark of quorate stop: %j', (lines, expected) => {
  expect(parseHostState('etcd01', true, [...LINES, ...lines]).member?.stoppedByOperator).toEqual(expected)
})

test('a node without etcd is asked for less', () => {
  const cluster = sampleCluster()
  const [member] = etcdNodes(cluster)
  if (member === undefined) throw new Error('no member')
  expect(looksFor(cluster, member).map(([name]) => name)).toEqual(['facts', 'member'])
  expect(looksFor(cluster, { ...member, roles: ['worker'] }).map(([name]) => name)).toEqual(['facts'])
})

test('every part of the agent is a program that a POSIX shell reads', () => {
  for (const part of ['begin', 'files', 'tls', 'unit', 'schedule', 'looks', 'main']) {
    const { status, stderr } = spawnSync('sh', ['-n', `${import.meta.dirname}/agent/${part}.sh`], {
      encoding: 'utf8',
    })
    expect([part, status, stderr]).toEqual([part, 0, ''])
  }
})
