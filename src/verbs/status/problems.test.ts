import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { QuorateError } from '../../errors.ts'
import { sampleCluster } from '../../etcd/sample.ts'
import { openssl } from '../../pki/testing.ts'
import { RUNNING, STOPPED } from '../../tiers/etcd/facts/standing.fixture.ts'
import { BARE_MEMBER } from '../../tiers/etcd/plan/testing.ts'
import type { FailureKind } from '../../etcd/failure.ts'
import type { Problem } from '../../etcd/health.ts'
import type { ReachableMember } from '../../etcd/view.ts'
import type { HostState, MemberState } from '../../host/state.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import type { AskedMember } from '../../tiers/etcd/facts/ask-members.ts'
import { statusProblems } from './problems.ts'

const [node] = etcdNodes(sampleCluster())
if (node === undefined) throw new TypeError('no node')

const base = (number: number) => ({
  node: { ...node, name: `etcd0${number}` },
  certificate: undefined,
  apart: undefined,
  via: undefined,
  host: undefined,
})

const serving = (number: number): AskedMember => ({
  ...base(number),
  member: { reachable: true, learner: false, read: { answered: true, revision: 1n } } as ReachableMember,
})

function silent(
  number: number,
  changes: Partial<MemberState>,
  kind: FailureKind = 'closed',
  pinned?: string,
): AskedMember {
  const reason = { kind, message: 'closed', hint: 'what the failure says' }
  const host = {
    pinned,
    member: { ...BARE_MEMBER, dataPresent: true, walPresent: true, unit: RUNNING, ...changes },
  }
  return {
    ...base(number),
    member: { reachable: false, name: `etcd0${number}`, reason },
    host: host as unknown as HostState,
  }
}

const LOST = { dataPresent: false, walPresent: false }
const problem = (changes: Partial<Problem>): Problem => ({
  kind: 'unreachable',
  member: 'etcd03',
  message: 'silent',
  hint: 'what the failure says',
  ...changes,
})
const NOW = new Date()
const hint = (asked: readonly AskedMember[], changes: Partial<Problem> = {}) =>
  String(statusProblems([problem(changes)], asked, NOW)[0]?.hint)

test.each([
  ['one that is stopped', { unit: STOPPED }, /quorate start etcd03$/],
  ['one whose data is gone', LOST, /quorate repair etcd03$/],
  ['one that runs and is silent', {}, /quorate run etcd03 --root -- journalctl/],
])('with a quorum, %s', (_what, changes, wanted) => {
  expect(hint([serving(1), serving(2), silent(3, changes)])).toMatch(wanted)
})

test.each([
  ['two of three without data', LOST, LOST, /quorate recover$/],
  ['two of three stopped', { unit: STOPPED }, { unit: STOPPED }, /quorate start --all$/],
])('without a quorum, %s', (_what, second, third, wanted) => {
  const asked = [silent(1, {}), silent(2, second), silent(3, third)]
  for (const kind of ['unreachable', 'leader', 'list', 'alarm', 'missing'] as const)
    expect(hint(asked, { kind })).toMatch(wanted)
  expect(hint(asked)).not.toContain('repair')
})

test('a failure with its own fix keeps it', () => {
  const asked = [serving(1), serving(2), silent(3, {}, 'expired')]
  expect(hint(asked)).toBe('what the failure says')
  const apart = new QuorateError('host-key', 'unknown', { hint: 'quorate trust etcd03' })
  const unasked: AskedMember = { ...silent(3, {}), host: undefined, apart }
  expect(hint([unasked], { kind: 'unknown', hint: apart.hint })).toBe('quorate trust etcd03')
})

test('alarms name what is possible while there is a quorum', () => {
  const asked = [serving(1), serving(2), serving(3)]
  expect(hint(asked, { kind: 'alarm', message: 'alarm NOSPACE' })).toMatch(/quorate space reclaim$/)
  expect(hint(asked, { kind: 'alarm', message: 'alarm CORRUPT on nobody' })).toMatch(/quorate repair$/)
})

const ABSENT = { ...LOST, unit: { ...STOPPED, exists: false } }

const reset = (pinned?: string) => [1, 2, 3].map((number) => silent(number, ABSENT, 'refused', pinned))
const third = (changes: Partial<MemberState>) => [serving(1), serving(2), silent(3, changes)]

test('after a reset there is nothing to recover', () => {
  for (const kind of ['unreachable', 'leader', 'list'] as const)
    expect(hint(reset(), { kind })).toMatch(/empty cluster: quorate apply; .*: quorate restore BACKUP$/)
  expect(hint(reset('prod'))).toMatch(/quorate recover$/)
  const others = reset().slice(1)
  for (const other of [{ ...silent(1, ABSENT), host: undefined }, silent(1, LOST), silent(1, {})])
    expect(hint([other, ...others])).not.toContain('quorate restore')
})

const pem = openssl(
  tmpdir(),
  ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=etcd -days 1'.split(
    ' ',
  ),
)
const withTls = (certificate: string): Partial<MemberState> => ({
  tls: { ...BARE_MEMBER.tls, certificates: { etcd: { pem: certificate } } },
})
const LATER = new Date(Date.now() + 172_800_000)

test('a silent member with an expired certificate is said to have one, and renewing is the fix', () => {
  const expired = withTls(pem)
  const [found] = statusProblems([problem({})], [serving(1), serving(2), silent(3, expired)], LATER)
  expect(found?.message).toMatch(/^silent; .*\/etc\/ssl\/etcd\/etcd\.crt .*\d{4}-/)
  expect(found?.hint).toMatch(/quorate certs renew$/)
  const none = [1, 2, 3].map((number) => silent(number, expired))
  for (const kind of ['unreachable', 'unhealthy', 'leader'] as const)
    expect(statusProblems([problem({ kind })], none, LATER)[0]?.hint).toMatch(/quorate certs renew$/)
})

test('a valid certificate, an unreadable one and lost data leave the other fixes', () => {
  for (const certificate of [pem, 'none']) {
    const [found] = statusProblems([problem({})], third(withTls(certificate)), NOW)
    expect([found?.message, found?.hint]).toEqual(['silent', expect.stringMatching(/journalctl/)])
  }
  const [lost] = statusProblems([problem({})], third({ ...withTls(pem), ...LOST }), LATER)
  expect(lost?.hint).toMatch(/quorate repair etcd03$/)
})
