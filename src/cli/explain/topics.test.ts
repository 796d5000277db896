import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { EXIT_CODES } from '../../errors.ts'
import { ALARMS } from './alarms.ts'
import { ALL_EXIT_CODES, ERROR_GUIDE } from './error-guide.ts'
import { keyEntries } from './keys.ts'
import { explain, nearestTopics, topicsFor } from './topics.ts'

test('a key of the cluster file, with list indices or without', () => {
  const [found] = explain('nodes[0].ssh.port')
  expect(found).toMatchObject({
    kind: 'key',
    path: 'nodes.ssh.port',
    type: 'integer',
    limits: ['1 to 65535'],
    docs: 'docs/reference/cluster-file.md#nodes',
  })
  expect(explain('nodes.0.ssh.port')).toEqual([found])
  expect(explain('etcd.version')).toMatchObject([{ required: true, default: null }])
  expect(explain('etcd.clientPort')).toMatchObject([{ required: false, default: 2379 }])
  expect(explain('nodes.roles')).toMatchObject([{ type: expect.stringMatching(/^list of etcd, master/) }])
})

test('a name that the file chooses is described where such names are allowed', () => {
  expect(explain('etcd.settings.heartbeat-interval')).toMatchObject([
    { path: 'etcd.settings.FLAG', description: expect.stringContaining('flag') },
  ])
  expect(explain('kubernetes.taints.worker01.effect')).toMatchObject([
    { type: 'one of NoSchedule, PreferNoSchedule, NoExecute' },
  ])
})

test('a word that is a key and an error code is described as both', () => {
  expect(explain('backup').map(({ kind }) => kind)).toEqual(['key', 'error'])
})

test('an exit code, with each error that has it', () => {
  expect(explain('8')).toMatchObject([
    { kind: 'exit-code', codes: ['blocked'] },
    { kind: 'error', code: 'blocked', exitCode: 8 },
  ])
  expect(explain('1').length).toBe(3)
  expect(explain('2')).toMatchObject([{ meaning: expect.stringContaining('plan') }])
  expect(explain('99')).toEqual([])
})

test('an alarm of etcd, as status shows it or in small letters, with the command that helps and its runbook', () => {
  const [full] = explain('nospace')
  expect(full).toMatchObject({
    kind: 'alarm',
    alarm: 'NOSPACE',
    fix: expect.stringContaining('quorate space reclaim'),
  })
  expect(explain('NOSPACE')).toEqual([full])
  expect(explain('corrupt')).toMatchObject([
    { kind: 'alarm', alarm: 'CORRUPT', fix: expect.stringContaining('quorate repair') },
  ])
  const pages = ALARMS.flatMap((alarm) => explain(alarm)).map(({ docs }) => docs)
  expect(pages).toEqual(['docs/runbooks/nospace.md', 'docs/runbooks/corrupt.md'])
  expect(pages.filter((page) => !existsSync(page))).toEqual([])
  expect(nearestTopics('nospaec')).toContain('nospace')
  expect(topicsFor('corr')).toEqual(['corrupt'])
})

test('every exit code and every error code is described', () => {
  expect(ALL_EXIT_CODES).toEqual(expect.arrayContaining(Object.values(EXIT_CODES)))
  const unsaid = Object.entries(ERROR_GUIDE).filter(([, guide]) => Object.values(guide).includes(''))
  expect(unsaid).toEqual([])
})

test('what is not known leads to what was likely meant', () => {
  expect(nearestTopics('kubernets.version')[0]).toBe('kubernetes.version')
  expect(nearestTopics('roles')).toContain('nodes.roles')
  expect(nearestTopics('blokced')).toEqual(['blocked'])
  expect(nearestTopics('qqqqqqqqqqqq')).toEqual([])
})

test('completion goes a level of keys at a time', () => {
  expect(topicsFor('etcd.s')).toEqual(['etcd.source', 'etcd.sha256', 'etcd.settings'])
  expect(topicsFor('').filter((name) => name.includes('.'))).toEqual([])
  expect(topicsFor('unre')).toEqual(['unreachable'])
})

test('every key has a type and a description, and none is there twice', () => {
  const entries = keyEntries()
  expect(entries.length).toBeGreaterThan(150)
  expect(entries.filter(({ type, description }) => type === '' || description === '')).toEqual([])
  expect(new Set(entries.map(({ path }) => path)).size).toBe(entries.length)
})

test('an error with an ID is explained by CODE/ID and by its ID alone', () => {
  const [found, ...rest] = explain('locked/another-operator-holds-the-lock')
  expect(found).toMatchObject({
    kind: 'error-id',
    code: 'locked',
    exitCode: EXIT_CODES.locked,
    messages: [expect.stringContaining('another operator')],
    changed: ERROR_GUIDE.locked.changed,
    fixes: [expect.stringContaining('quorate unlock')],
  })
  expect(rest).toEqual([])
  expect(explain('another-operator-holds-the-lock')).toEqual([found])
  expect(explain('blocked/another-operator-holds-the-lock')).toEqual([])
  expect(nearestTopics('another-operator-hold-the-lock')).toContain('locked/another-operator-holds-the-lock')
})
