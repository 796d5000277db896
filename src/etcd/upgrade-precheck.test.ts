import { expect, test } from 'vitest'
import { hazardsFor } from './hazards.ts'
import type { UpgradeFacts, UpgradeMember, UpgradeProblem } from './upgrade-facts.ts'
import { precheckUpgrade, versionsToLeave } from './upgrade-precheck.ts'

function member(
  number: number,
  running: string | undefined,
  changes: Partial<UpgradeMember> = {},
): UpgradeMember {
  return { name: `etcd0${number}`, running, installed: running, active: running !== undefined, ...changes }
}

function facts(
  from: string | readonly string[],
  to: string,
  changes: Partial<UpgradeFacts> = {},
): UpgradeFacts {
  const versions = typeof from === 'string' ? [from, from, from] : from
  const minors = versions.map((version) => version.split('.').slice(0, 2).join('.')).toSorted()
  return {
    direction: 'upgrade',
    to,
    members: versions.map((running, index) => member(index + 1, running)),
    clusterVersion: minors[0],
    etcd: { settings: {}, enableV2: false },
    problems: [],
    voters: { healthy: versions.length, all: versions.length },
    authentication: false,
    v2Keys: undefined,
    ...changes,
  }
}

const blockers = (given: UpgradeFacts): readonly UpgradeProblem[] =>
  precheckUpgrade(given).filter(({ severity }) => severity === 'blocker')

const warnings = (given: UpgradeFacts): readonly string[] =>
  precheckUpgrade(given).flatMap(({ severity, message }) => (severity === 'warning' ? [message] : []))

test.each([
  ['3.3.25', '3.4.23'],
  ['3.4.23', '3.5.16'],
  ['3.5.16', '3.5.30'],
  ['3.5.30', '3.5.16'],
  ['3.5.33', '3.6.14'],
  ['3.6.14', '3.7.1'],
])('%s to %s: nothing speaks against it', (from, to) => {
  expect(blockers(facts(from, to))).toEqual([])
})

test('two minors at once: refused for each member, with the way', () => {
  const found = blockers(facts('3.3.25', '3.5.16'))
  expect(found.map(({ host }) => host)).toEqual(['etcd01', 'etcd02', 'etcd03'])
  expect(found[0]?.id).toBe('too-many-minors')
  expect(found[0]?.hint).toContain(' 3.4.45, then 3.5.16')
})

test('3.6 wants 3.5.26 of every member, and better 3.5.32', () => {
  const low = blockers(facts(['3.5.30', '3.5.25', '3.5.32'], '3.6.14'))
  expect(low).toMatchObject([
    {
      id: 'version-is-too-old',
      host: 'etcd02',
      hint: expect.stringContaining('quorate upgrade --to 3.5.35'),
    },
  ])
  expect(warnings(facts('3.5.30', '3.6.14')).filter((text) => text.includes(' 3.5.32 '))).toHaveLength(3)
  expect(blockers(facts('3.6.10', '3.7.1'))).toHaveLength(3)
})

test('half upgraded: continuing is the same as starting', () => {
  expect(blockers(facts(['3.5.16', '3.4.23', '3.4.23'], '3.5.16'))).toEqual([])
  expect(versionsToLeave(facts(['3.5.16', '3.4.23', '3.4.9'], '3.5.16'))).toEqual(['3.4.9', '3.4.23'])
})

test('back a minor: only while a member of the old one is there and the cluster still is one of it', () => {
  const back = { direction: 'abort' } as const
  expect(blockers(facts(['3.5.16', '3.5.16', '3.4.23'], '3.4.23', back))).toEqual([])
  const raised = blockers(facts('3.5.16', '3.4.23', back))
  expect(raised[0]).toMatchObject({
    id: 'cluster-has-run-a-newer-minor',
    message: expect.stringContaining(' 3.5,'),
  })
  expect(raised[0]?.hint).toContain('snapshot')
  const soon = blockers(facts('3.5.16', '3.4.23', { ...back, clusterVersion: '3.4' }))
  expect(soon[0]).toMatchObject({
    id: 'cluster-has-run-a-newer-minor',
    message: expect.not.stringContaining(' 3.4,'),
  })
  const unknown = blockers(facts(['3.5.16', '3.4.23'], '3.4.23', { ...back, clusterVersion: undefined }))
  expect(unknown[0]?.id).toBe('unknown-cluster-version')
  // A member that was down for the whole time, so that the cluster has advanced.
  const late = blockers(facts(['3.5.16', '3.5.16', '3.4.23'], '3.4.23', { ...back, clusterVersion: '3.5' }))
  expect(late.map(({ host }) => host)).toEqual(['etcd01', 'etcd02'])
})

test.each([
  // Both names work in 3.4.
  ['3.4.23', '3.5.16', 'log-output', /^write log-outputs [^,]*, then upgrade$/],
  // Older versions don't know the new name.
  [
    '3.4.23',
    '3.5.16',
    'experimental-backend-bbolt-freelist-type',
    /^remove experimental-backend-bbolt-freelist-type .*, then upgrade, then write backend-bbolt-freelist-type /,
  ],
  ['3.6.14', '3.7.1', 'experimental-corrupt-check-time', /^write corrupt-check-time [^,]*, then upgrade$/],
  ['3.4.23', '3.5.16', 'debug', /^remove debug [^,]*, then upgrade$/],
])('%s to %s with %s set: refused by name, with the way out', (from, to, name, hint) => {
  const found = blockers(facts(from, to, { etcd: { settings: { [name]: '1' }, enableV2: false } }))
  expect(found).toHaveLength(1)
  expect(found[0]).toMatchObject({
    id: 'unknown-setting',
    message: expect.stringContaining(`etcd.settings.${name}`),
    hint: expect.stringMatching(hint),
  })
})

test('a value that the new version does not start with', () => {
  const settings = { logger: 'capnslog' }
  const etcd = { settings, enableV2: false }
  expect(blockers(facts('3.4.23', '3.5.16', { etcd }))).toMatchObject([
    { id: 'unfit-setting', message: expect.stringContaining("'capnslog' (etcd.settings.logger)") },
  ])
  expect(blockers(facts('3.3.25', '3.4.23', { etcd }))).toEqual([])
})

test('settings that hold today and not in the next minor are found before any step, with what to put instead', () => {
  const settings = {
    'v2-deprecation': 'not-yet',
    'experimental-compact-hash-check-enabled': 'true',
    'experimental-corrupt-check-time': '1m',
  }
  const etcd = { settings, enableV2: false }
  expect(blockers(facts('3.5.35', '3.6.16', { etcd }))).toMatchObject([
    {
      id: 'unfit-setting',
      message: expect.stringContaining('v2-deprecation'),
      hint: expect.stringContaining(' write-only'),
    },
  ])
  const toSeven = blockers(
    facts('3.6.16', '3.7.3', { etcd: { ...etcd, settings: { ...settings, 'v2-deprecation': 'gone' } } }),
  )
  expect(toSeven.map(({ hint }) => hint)).toEqual([
    expect.stringContaining('write feature-gates=CompactHashCheck=true '),
    expect.stringContaining('write corrupt-check-time '),
  ])
  const gates = { settings: { 'feature-gates': 'PriorityRequest=true' }, enableV2: false }
  expect(blockers(facts('3.7.3', '3.7.3', { etcd: gates }))).toEqual([])
  const back = blockers(facts(['3.6.16', '3.7.3'], '3.6.16', { etcd: gates, direction: 'abort' }))
  expect(back[0]).toMatchObject({
    id: 'unfit-setting',
    message: expect.stringContaining("'PriorityRequest'"),
  })
})

test('v2 data: refused where it would be lost or not served, named, and fine where it is kept', () => {
  const v2Keys = ['/coreos.com', '/seed']
  const on = { settings: {}, enableV2: true }
  const gone = blockers(facts('3.5.33', '3.6.14', { v2Keys, etcd: on }))
  expect(gone.map(({ message }) => message)).toEqual([
    expect.stringContaining('/coreos.com, /seed'),
    expect.stringContaining('etcd.enableV2'),
  ])
  expect(blockers(facts('3.3.25', '3.4.23', { v2Keys }))[0]?.hint).toContain('enableV2: true')
  expect(blockers(facts('3.3.25', '3.4.23', { v2Keys, etcd: on }))).toEqual([])
  expect(blockers(facts('3.4.23', '3.5.16', { v2Keys, etcd: on }))).toEqual([])
  expect(blockers(facts('3.5.33', '3.6.14', { v2Keys: [], etcd: on }))).toHaveLength(1)
})

test('users and roles forbid 3.4 and 3.5 side by side, in both directions, and nothing else', () => {
  const authentication = true
  expect(blockers(facts('3.4.23', '3.5.16', { authentication }))).toHaveLength(1)
  const back = facts(['3.5.16', '3.4.23'], '3.4.23', { authentication, direction: 'abort' })
  expect(blockers(back)[0]?.id).toBe('authentication-is-enabled')
  expect(blockers(facts('3.3.25', '3.4.23', { authentication }))).toEqual([])
  expect(blockers(facts('3.5.16', '3.5.30', { authentication }))).toEqual([])
})

test('a version that loses data is refused; lesser faults are reported', () => {
  expect(blockers(facts('3.4.23', '3.5.1'))[0]).toMatchObject({
    id: 'version-loses-data',
    message: expect.stringContaining(' 3.5.3)'),
    hint: expect.stringContaining(' 3.5.35'),
  })
  const told = warnings(facts('3.4.23', '3.5.16'))
  expect(told.length).toBeGreaterThan(3)
  expect(warnings(facts('3.3.25', '3.4.23')).at(-1)).toMatch(/2026-06 .*3\.4\.45/)
  // A rollback has no choice of versions.
  expect(blockers(facts(['3.5.2', '3.5.1'], '3.5.1', { direction: 'abort' }))).toEqual([])
})

test('faults that need users are reported where users are enabled, and a step to a minor has its own faults', () => {
  const step = (authentication: boolean | undefined) =>
    warnings(facts('3.6.14', '3.7.0', { authentication })).join('\n')
  expect(step(true)).toContain('CVE-2026-73499')
  for (const unsure of [false, undefined]) expect(step(unsure)).not.toContain('CVE-2026-73499')
  const { what: imagined = 'no hazard' } =
    hazardsFor('3.6.2', ['upgrade']).find(({ id }) => id === 'v2-data-imagined') ?? {}
  expect(warnings(facts('3.5.35', '3.6.2')).join('\n')).toContain(imagined)
  expect(warnings(facts('3.6.1', '3.6.2')).join('\n')).not.toContain(imagined)
  const newest = { authentication: true, v2Keys: [] }
  expect(warnings(facts('3.5.35', '3.6.16', newest))).toEqual([expect.stringContaining('v2 API')])
  expect(warnings(facts('3.6.16', '3.7.3', newest))).toEqual([])
})

test('a member that was stopped in its turn goes first; one that hangs is in the way', () => {
  const silent = { problems: [{ member: 'etcd02', message: 'is down' }], voters: { healthy: 2, all: 3 } }
  const rest = [member(1, '3.4.23'), member(3, '3.4.23')]
  const stopped = facts('3.4.23', '3.5.16', {
    ...silent,
    members: [...rest, member(2, undefined, { installed: '3.5.16' })],
  })
  expect(blockers(stopped)).toEqual([])
  expect(precheckUpgrade(stopped)).toContainEqual(
    expect.objectContaining({
      severity: 'warning',
      host: 'etcd02',
      message: expect.stringMatching(/; .* 3\.5\.16$/),
    }),
  )
  const hanging = [...rest, member(2, undefined, { installed: '3.5.16', active: true })]
  const stuck = facts('3.4.23', '3.5.16', { ...silent, members: hanging })
  expect(blockers(stuck)).toMatchObject([{ host: 'etcd02', hint: expect.stringContaining('--abort') }])
  // Going back fixes it.
  expect(blockers(facts('3.4.23', '3.4.23', { ...silent, members: hanging, direction: 'abort' }))).toEqual([])
  // But not for a member that was never upgraded.
  const old = facts('3.4.23', '3.4.23', {
    ...silent,
    members: [...rest, member(2, undefined, { installed: '3.4.23' })],
    direction: 'abort',
  })
  expect(blockers(old)).toMatchObject([{ host: 'etcd02', message: 'is down' }])
})

test('without a quorum nothing is started in either direction', () => {
  const members = [member(1, '3.5.16'), member(2, undefined, { installed: '3.5.16' }), member(3, undefined)]
  for (const direction of ['upgrade', 'abort'] as const) {
    const found = blockers(facts('3.5.16', '3.5.30', { direction, members, voters: { healthy: 1, all: 3 } }))
    expect(found[0]).toMatchObject({
      id: 'too-few-healthy-members',
      message: expect.stringMatching(/ 1 of 3 .* 2 /),
    })
  }
})

test('all blockers at once, before all warnings', () => {
  const everything = facts(['3.3.25', '3.3.25'], '3.5.1', {
    problems: [
      { member: undefined, message: 'alarm NOSPACE' },
      { member: 'etcd02', message: 'gives no answer' },
    ],
    members: [member(1, '3.3.25'), member(2, undefined, { active: true })],
    etcd: { settings: { debug: 'true' }, enableV2: false },
  })
  const severities = precheckUpgrade(everything).map(({ severity }) => severity)
  expect(severities.toSorted()).toEqual(severities)
  const text = blockers(everything)
    .map(({ message }) => message)
    .join('\n')
  for (const part of [
    'NOSPACE',

    '3.5.1',
    'etcd.settings.debug',
    'fixed in 3.5.3',
  ])
    expect(text).toContain(part)
})

test("a version that quorate can't configure is the operator's mistake", () => {
  expect(() => precheckUpgrade(facts('3.7.1', '3.8.0'))).toFail('cluster-file/unsupported-version', {
    says: '3.8.0',
  })
})

const down = (from: string | readonly string[], to: string, changes: Partial<UpgradeFacts> = {}) =>
  facts(from, to, { file: typeof from === 'string' ? from : from[0], ...changes })

test.each([
  ['from 3.7', down('3.7.3', '3.6.16')],
  ['from 3.6', down('3.6.16', '3.5.35')],
  ['the cluster has only just become one of 3.6', down('3.6.16', '3.5.35', { clusterVersion: '3.5' })],
  ['half-way', down(['3.6.16', '3.5.35', '3.6.16'], '3.5.35', { downgrade: '3.5' })],
  ['turned back from', down(['3.6.16', '3.5.20'], '3.6.16', { direction: 'abort', downgrade: '3.5' })],
  ['turned back to, all up', down('3.6.16', '3.5.35', { direction: 'abort' })],
])('a downgrade by etcd, %s: nothing speaks against it', (_what, given) => {
  expect(blockers(given)).toEqual([])
})

test.each([
  ['a patch of 3.7 that misjudges', down('3.7.1', '3.6.16'), 'quorate upgrade --to 3.7.3'],
  ['a patch of 3.6 that is too old', down('3.7.3', '3.6.10'), 'quorate upgrade --to 3.6.16'],
  ['a patch of 3.5 that is too old', down('3.6.16', '3.5.17'), 'quorate upgrade --to 3.5.35'],
  ['3.5, which etcd cannot downgrade', down('3.5.35', '3.4.45'), 'quorate restore'],
  ['two minors', down('3.7.3', '3.5.35'), '3.6.16, then 3.5.35'],
  ['two minors, to one before 3.5', down('3.6.16', '3.4.45'), 'quorate restore'],
  ['etcd itself, whose users forbid it', down('3.6.16', '3.5.35', { refusal: 'denied' }), 'quorate status'],
])('a downgrade is refused for %s, with the way out', (_what, given, hint) => {
  const found = blockers(given)
  expect(found.length).toBeGreaterThan(0)
  expect(found.every((one) => one.hint?.includes(hint))).toBe(true)
})

test.each([
  ['to the next minor', down('3.6.16', '3.7.3', { downgrade: '3.5' }), 'upgrade --abort'],
  ['to another patch', down('3.6.15', '3.6.16', { downgrade: '3.5' }), 'upgrade --abort'],
  [
    'to the next minor, which some run already',
    down(['3.7.3', '3.6.16'], '3.7.3', { downgrade: '3.5' }),
    'etcdctl etcd01 -- downgrade cancel',
  ],
  ['while it is about to end', down('3.5.35', '3.6.16', { downgrade: '3.5' }), 'few seconds'],
  [
    'back up, of somebody who does not want it',
    down('3.6.16', '3.7.3', { direction: 'abort', downgrade: '3.5', file: '3.7.3' }),
    'etcdctl etcd01 -- downgrade cancel',
  ],
])('a downgrade that is enabled holds up an upgrade %s', (_what, given, hint) => {
  const [first] = blockers(given)
  expect(first).toMatchObject({
    id: 'downgrade-is-not-complete',
    message: expect.stringContaining(' 3.5 '),
  })
  expect(first?.hint).toContain(hint)
})

test('an upgrade waits for the cluster to be of the minor that its members run', () => {
  expect(blockers(down('3.6.16', '3.7.3', { clusterVersion: '3.5' }))[0]).toMatchObject({
    id: 'cluster-version-lags',
    message: expect.stringMatching(/ 3\.5$/),
  })
  expect(blockers(down('3.6.15', '3.6.16', { clusterVersion: '3.5' }))).toEqual([])
})

test('a member that was stopped in the turn before does not start two minors above its cluster', () => {
  const problems = [{ member: 'etcd01', message: 'is down' }]
  const members = [
    member(1, undefined, { installed: '3.4.23' }),
    ...[2, 3, 4, 5].map((number) => member(number, '3.4.23')),
  ]
  const given = { problems, members, voters: { healthy: 4, all: 5 } }
  const refused = (to: string, clusterVersion: string | undefined) =>
    blockers(facts('3.4.23', to, { ...given, clusterVersion }))
  expect(refused('3.5.16', '3.3')).toMatchObject([
    {
      id: 'cluster-version-lags',
      message: expect.stringMatching(/ 3\.3: .* etcd01 /),
      hint: expect.stringContaining('quorate upgrade --to 3.4.23'),
    },
  ])
  expect(refused('3.5.16', undefined)).toMatchObject([{ id: 'cluster-version-lags' }])
  expect(refused('3.5.16', '3.4')).toEqual([])
  expect(refused('3.4.23', '3.3')).toEqual([])
})

test('for a downgrade each must be healthy, because an older etcd heals none; to cancel one a quorum is enough', () => {
  const problems = [{ member: 'etcd02', message: 'is down' }]
  const voters = { healthy: 2, all: 3 }
  const sick = { direction: 'abort', problems, voters } as const
  expect(blockers(down('3.6.16', '3.5.35', sick))).toMatchObject([{ host: 'etcd02' }])
  expect(blockers(down('3.6.16', '3.6.16', { ...sick, downgrade: '3.5' }))).toEqual([])
  expect(
    blockers(down('3.6.16', '3.6.16', { ...sick, downgrade: '3.5', voters: { healthy: 1, all: 3 } })),
  ).toHaveLength(1)
})

test('settings that the older version does not know are found before', () => {
  const etcd = { settings: { 'feature-gates': 'CompactHashCheck=true' }, enableV2: false }
  expect(blockers(down('3.6.16', '3.5.35', { etcd }))[0]?.message).toContain('etcd.settings.feature-gates')
})

test.each([
  ['3.5.35', '3.6.16', ' v2 API, ', '100,000 writes'],
  ['3.6.16', '3.7.3', ' 3.5 made, ', '10,000 writes'],
])('%s to %s: a log that it does not start on is found before, with the way out', (from, to, what, after) => {
  const members = [member(1, from), member(2, from, { v2Log: true }), member(3, from, { v2Log: false })]
  const found = (settings: UpgradeFacts['etcd']['settings'], enableV2 = false) =>
    blockers(facts(from, to, { members, etcd: { settings, enableV2 } }))
  expect(found({})).toMatchObject([
    {
      id: 'log-of-the-v2-api',
      host: 'etcd02',
      message: expect.stringContaining(what),
      hint: expect.stringContaining(after),
    },
  ])
  expect(found({})[0]?.hint).toContain('etcd.settings.snapshot-count: "100"')
  expect(found({ 'snapshot-count': '5000' })[0]?.hint).toMatch(/ 5,000 writes\. .*"100"/)
  expect(found({ 'snapshot-count': '100' })[0]?.hint).toMatch(/ 100 writes: [^"]*$/)
  expect(found({}, true).find(({ host }) => host === 'etcd02')?.hint).toMatch(/v2 API/)
})

test('such a log is irrelevant for another step', () => {
  const members = [member(1, '3.4.23', { v2Log: true })]
  expect(blockers(facts('3.4.23', '3.5.16', { members }))).toEqual([])
})

test.each([
  [false, 'snapshot'],
  [undefined, 'snapshot \\S+ log'],
])('what the v2 API left is warned of where it can be; looked into the log: %s', (v2Log, place) => {
  const members = [member(1, '3.5.35', { v2Log })]
  const found = warnings(facts('3.5.35', '3.6.16', { members })).join()
  expect(found).toMatch(new RegExp(`v2 API .* ${place} .*etcd 3\\.6 `))
})
