import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { Health } from '../etcd/health.ts'
import type { MemberStatus } from '../verbs/status/member-status.ts'
import { type StatusReport, statusExitCode } from '../verbs/status/status.ts'
import type { StatusProblem } from '../verbs/status/problems.ts'
import { renderStatus } from './render-status.ts'
import { createStyles } from './styles.ts'

function member(number: number, changes: Partial<MemberStatus> = {}): MemberStatus {
  return {
    name: `etcd0${number}`,
    etcdName: `etcd0${number}`,
    address: `192.0.2.${number}`,
    id: `${number}`,
    healthy: true,
    leader: number === 1,
    learner: false,
    version: '3.6.16',
    dbSizeBytes: 20_480,
    raftTerm: 2,
    raftIndex: 23,
    alarms: [],
    certificateDaysLeft: 364,
    problem: null,
    code: null,
    askedFrom: null,
    ...changes,
  }
}

const UNASKED = { id: null, healthy: null, leader: false, code: 'unreachable' } as const

function report(
  health: Health,
  members: readonly MemberStatus[],
  problems: readonly StatusProblem[] = [],
): StatusReport {
  return {
    cluster: {
      name: 'prod',
      id: null,
      healthy: health === 'unknown' ? null : health === 'healthy',
      health,
      quorum: 2,
      healthyMembers: members.filter(({ healthy }) => healthy === true).length,
      unknownMembers: members.filter(({ healthy }) => healthy === null).length,
      leader: 'etcd01',
      problems: problems.map(({ message }) => message),
      problemDetails: problems,
      version: null,
      downgrade: null,
      versionTrouble: null,
      caExchange: false,
      notes: [],
      noteDetails: [],
    },
    members,
    backups: null,
    tiers: [],
  }
}

const problem = (name: string, changes: Partial<StatusProblem>): StatusProblem => ({
  kind: 'unknown',
  member: name,
  message: 'could not be asked: no route',
  code: 'unreachable',
  hint: null,
  ...changes,
})

const shown = (seen: StatusReport) =>
  stripVTControlCharacters(renderStatus(seen, createStyles(false).colors, new Date('2026-01-01T00:00:00Z')))

test('what could not be asked is unknown in the table, in the verdict and in the exit code', () => {
  const members = [member(1), member(2), member(3, UNASKED)]
  const seen = report('unknown', members, [
    problem('etcd03', { code: 'host-key', hint: 'quorate trust etcd03' }),
  ])
  const text = shown(seen)
  expect(text).toMatch(/^etcd03 +- +unknown /m)
  expect(text).toContain(
    'health of cluster prod is unknown: 2 of 3 members answer, 1 could not be asked, 2 are needed',
  )
  expect(text).toContain('? etcd03: could not be asked: no route\n    fix: quorate trust etcd03\n')
  expect(text).not.toMatch(/NOT healthy/)
  expect(statusExitCode(seen)).toBe(76)
})

test('a quorum of one is a singular', () => {
  const seen = report('healthy', [member(1)], [])
  const text = shown({ ...seen, cluster: { ...seen.cluster, quorum: 1 } })
  expect(text).toContain('is healthy: 1 of 1 member answers, 1 is needed')
})

test.each([
  ['healthy', undefined, 0],
  ['unhealthy', undefined, 1],
  // A known fault takes precedence over an unknown state.
  ['unhealthy', 'unreachable', 1],
  ['unknown', 'unreachable', 69],
  ['unknown', 'permission', 77],
] as const)('exit code: %s, not asked: %s', (health, code, exitCode) => {
  const problems = code === undefined ? [] : [problem('etcd03', { code })]
  expect(statusExitCode(report(health, [member(1)], problems))).toBe(exitCode)
})

test('a hint that holds for several is said once', () => {
  const hint = 'start all members: quorate start --all'
  const problems = ['etcd01', 'etcd02'].map((name) =>
    problem(name, { kind: 'unreachable', code: null, hint }),
  )
  const text = shown(
    report('unhealthy', [member(1, { healthy: false }), member(2, { healthy: false })], problems),
  )
  expect(text.split(hint)).toHaveLength(2)
  expect(text).toContain('NOT healthy: 0 of 2 members answer, 2 are needed')
})

const KUBERNETES = {
  tier: 'kubernetes',
  serving: true,
  healthy: false,
  summary: 'Kubernetes 1.37.2 serves',
  parts: [
    { part: 'api-servers', serving: true, summary: '2 of 2 API servers ready' },
    { part: 'nodes', serving: false, summary: '4 of 5 nodes Ready' },
    { part: 'dns', serving: null, summary: 'CoreDNS\u001B[31m' },
  ],
  notes: ['worker03: not Ready'],
  noteDetails: [{ id: 'node-not-ready', host: 'worker03', message: 'not Ready' }],
}

test('of Kubernetes each part has its line, and what is wrong another', () => {
  const seen = { ...report('healthy', [member(1)]), tiers: [KUBERNETES] }
  const text = shown(seen)
  expect(text.slice(text.indexOf('Kubernetes'))).toBe(
    [
      'Kubernetes 1.37.2 serves',
      '  ✓ 2 of 2 API servers ready',
      '  ✗ 4 of 5 nodes Ready',
      '  ? CoreDNS\\x1b[31m',
      '  ! worker03: not Ready',
      '',
    ].join('\n'),
  )
})

test.each([
  ['is well', true, 0],
  ['is not', false, 1],
  ['could not be asked', null, 69],
  ['does not count', undefined, 0],
])('the exit code where etcd is healthy and a tier %s', (_name, healthy, exitCode) => {
  const { healthy: _without, ...tier } = KUBERNETES
  const tiers = [healthy === undefined ? tier : { ...tier, healthy }]
  expect(statusExitCode({ ...report('healthy', [member(1)]), tiers })).toBe(exitCode)
  expect(statusExitCode({ ...report('unhealthy', [member(1)]), tiers })).toBe(1)
})
