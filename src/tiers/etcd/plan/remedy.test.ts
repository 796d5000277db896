import { describe, expect, test } from 'vitest'
import { sampleCluster } from '../../../etcd/sample.ts'
import { RUNNING, STOPPED, clusterStanding, downMember, memberStanding } from '../facts/standing.fixture.ts'
import type { Standing, MemberStanding } from '../facts/standing.ts'
import { leftOut, planPower } from '../../../verbs/power/decide.ts'
import { quorum } from '../facts/quorum.ts'
import { type SurveyedMember, outlookOf } from '../../../verbs/recover/outlook.ts'
import {
  type Trouble,
  type Voter,
  bringingBack,
  noQuorum,
  quorumOutlook,
  remedyFor,
  votersOf,
} from './remedy.ts'
import { type MemberSigns, decideRepair, judgeDamage } from '../../../verbs/repair/decide.ts'
import { planReclaim } from '../../../verbs/space/decide-reclaim.ts'
import { NO_PROGRESS } from '../steps/space.ts'

const STATES: readonly Pick<Voter, 'state' | 'unfounded'>[] = [
  { state: 'serving' },
  { state: 'serving', unfounded: true },
  { state: 'running' },
  { state: 'stopped' },
  { state: 'lost' },
  { state: 'unreached' },
]

/** Every possible combination of states of this many voting members: what serves has a quorum. */
function clusters(size: number): readonly (readonly Voter[])[] {
  let all: readonly (readonly Voter[])[] = [[]]
  for (let number = 1; number <= size; number++)
    all = all.flatMap((voters) => STATES.map((state) => [...voters, { name: `etcd0${number}`, ...state }]))
  return all.filter((voters) => {
    const serving = voters.filter(({ state }) => state === 'serving').length
    return serving === 0 || serving >= quorum(size)
  })
}

/** The same, as the planners of other commands see it. */
function standingOf(voters: readonly Voter[]): Standing {
  const members = voters.map(({ state, unfounded }, index): MemberStanding => {
    const number = index + 1
    const leader = state === 'serving' && voters.findIndex((voter) => voter.state === 'serving') === index
    const whole = state !== 'lost' && unfounded !== true
    const alarms = ['NOSPACE']
    const known = { leader, whole, hasLog: whole }
    if (state === 'serving') return memberStanding(number, { ...known, alarms })
    if (state === 'unreached')
      return downMember(number, { unit: undefined, hasLog: undefined, unknown: true })
    return downMember(number, { ...known, unit: state === 'running' ? RUNNING : STOPPED })
  })
  return clusterStanding(members, { alarms: [{ member: 'etcd01', memberId: 1n, type: 'NOSPACE' }] })
}

function surveyOf(voters: readonly Voter[]): readonly SurveyedMember[] {
  const states = {
    serving: 'serving',
    running: 'data',
    stopped: 'data',
    lost: 'empty',
    unreached: 'unreachable',
  } as const
  const log = { lastTerm: 1n, lastIndex: 1n, commit: 1n, damaged: false, learner: false }
  return voters.map(({ name, state }) => ({
    name,
    state: states[state],
    log: states[state] === 'data' ? { ...log, memberId: `id of ${name}` } : undefined,
  }))
}

function signsOf(voters: readonly Voter[]): readonly MemberSigns[] {
  return voters.map(({ name, state, unfounded }) => ({
    name,
    healthy: state === 'serving',
    reached: state !== 'unreached',
    evidence: state === 'lost' || unfounded === true ? [{ kind: 'lost', text: 'no data' }] : [],
  }))
}

/** Why the command's own planner would refuse the command, or find nothing to do; undefined: neither. */
function refusal(
  [verb, ...words]: readonly string[],
  voters: readonly Voter[],
  trouble: Trouble,
): string | undefined {
  const cluster = sampleCluster()
  const standing = standingOf(voters)
  const [first = ''] = words
  const state = voters.find(({ name }) => name === first)?.state
  switch (verb) {
    case 'start': {
      const skipUnstartable = first === '--all'
      const hosts = skipUnstartable ? voters.map(({ name }) => name) : words
      const intent = { cluster, verb: 'start', hosts, force: false, skipUnstartable } as const
      const { blocked, steps } = planPower(intent, standing)
      if (blocked.length > 0) return blocked[0]?.message
      const able = voters.length - leftOut(intent, standing).length
      if (skipUnstartable && able < quorum(voters.length)) return 'too few'
      return steps.length === 0 ? 'nothing to start' : undefined
    }
    case 'repair': {
      if (first === '') return trouble.kind === 'corrupt' ? undefined : 'nobody'
      const groups = [voters.filter((voter) => voter.state === 'serving').map(({ name }) => name)]
      const outlook = judgeDamage({ members: signsOf(voters), groups, voters: voters.length, corrupt: [] })
      const decision = decideRepair(outlook, first)
      return decision.kind === 'replace' ? undefined : decision.kind
    }
    case 'recover': {
      const { kind } = outlookOf(surveyOf(voters))
      return kind === 'lost' || kind === 'open' ? undefined : `it is ${kind}`
    }
    case 'space':
      return planReclaim(standing, NO_PROGRESS).blocked[0]?.message
    case 'etcdctl':
      return state === 'serving' ? undefined : `${first} is silent`
    case 'run':
      return first === 'etcd' || state === undefined || state !== 'unreached' ? undefined : `${first} is away`
    default:
      return verb === 'status' ? undefined : `an unknown verb: ${verb}`
  }
}

function troublesOf(voters: readonly Voter[]): readonly Trouble[] {
  return [
    { kind: 'no-quorum' },
    { kind: 'corrupt' },
    { kind: 'full' },
    ...voters
      .filter(({ state }) => state !== 'serving')
      .map(({ name: member }): Trouble => ({ kind: 'silent', member })),
    ...voters
      .filter(({ state, unfounded }) => state === 'lost' || unfounded === true)
      .map(({ name: member }): Trouble => ({ kind: 'lost', member })),
  ]
}

describe.each([1, 2, 3, 4, 5])('of %s voting members', (size) => {
  test('no command is named that the present quorum would have refuse', () => {
    const wrong = new Set<string>()
    let asked = 0
    for (const voters of clusters(size)) {
      for (const trouble of troublesOf(voters)) {
        const { command, text } = remedyFor(trouble, voters)
        asked += 1
        const why = refusal(command, voters, trouble)
        if (why === undefined && text.endsWith(`: quorate ${command.join(' ')}`)) continue
        const seen = voters
          .map(({ state, unfounded }) => (unfounded === true ? `${state}!` : state))
          .join(' ')
        wrong.add(`${seen}: ${JSON.stringify(trouble)} -> ${command.join(' ')}: ${why}`)
      }
    }
    expect([...wrong].slice(0, 10)).toEqual([])
    expect(asked).toBeGreaterThan(10)
  })
})

describe.each([1, 2, 3])('of %s voting members, as their machines say', (size) => {
  test("what is concluded from the members' standing is the same as from the voting members themselves", () => {
    for (const voters of clusters(size)) {
      const told = votersOf(standingOf(voters))
      expect(told.map(({ name, state }) => ({ name, state }))).toEqual(
        voters.map(({ name, state }) => ({ name, state })),
      )
      const missing = noQuorum(standingOf(voters))
      expect(missing.length === 0).toBe(quorumOutlook(voters) === 'serving')
      for (const { hint } of missing) expect(hint).toBe(remedyFor({ kind: 'no-quorum' }, voters).text)
    }
  })
})

test('two of three have no data: recover, and not the repair that would send there', () => {
  const voters: Voter[] = [
    { name: 'etcd01', state: 'running' },
    { name: 'etcd02', state: 'lost' },
    { name: 'etcd03', state: 'lost' },
  ]
  for (const member of ['etcd02', 'etcd03']) {
    expect(remedyFor({ kind: 'lost', member }, voters).command).toEqual(['recover'])
    expect(remedyFor({ kind: 'silent', member }, voters).command).toEqual(['recover'])
  }
  const [first, second, third] = voters.map(({ name }) => name)
  const one = [
    { name: first ?? '', state: 'serving' },
    { name: second ?? '', state: 'serving' },
    { name: third ?? '', state: 'lost' },
  ] as const
  expect(remedyFor({ kind: 'silent', member: 'etcd03' }, one).command).toEqual(['repair', 'etcd03'])
})

test('members that vote and are not in the file may be up', () => {
  const voters: Voter[] = [
    { name: 'etcd01', state: 'lost' },
    { name: 'etcd02', state: 'stopped' },
  ]
  expect([quorumOutlook(voters), quorumOutlook(voters, 4), quorumOutlook(voters, 3)]).toEqual([
    'lost',
    'open',
    'open',
  ])
})

test('what brings back who is away is said once each', () => {
  const members = [memberStanding(1), downMember(2), downMember(3), memberStanding(4), memberStanding(5)]
  const hints = bringingBack(clusterStanding(members))
  expect(hints).toHaveLength(2)
  expect(hints.join()).toMatch(/quorate start etcd02.*quorate start etcd03/)
})
