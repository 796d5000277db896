/** Every cluster of up to seven members, in every possible state of their logs. */
import { describe, expect, test } from 'vitest'
import { quorum } from '../../tiers/etcd/facts/quorum.ts'
import { type SurveyedMember, type SurvivingLog, outlookOf } from './outlook.ts'

const LOG: SurvivingLog = {
  memberId: undefined,
  lastTerm: 3n,
  lastIndex: 100n,
  commit: 99n,
  damaged: false,
  learner: false,
}

const log = (lastTerm: bigint, lastIndex: bigint, damaged = false): SurvivingLog => ({
  ...LOG,
  lastTerm,
  lastIndex,
  damaged,
})

const member = (
  index: number,
  state: SurveyedMember['state'],
  found: SurvivingLog | undefined = state === 'data' ? LOG : undefined,
): SurveyedMember => ({ name: `etcd0${index + 1}`, state, log: found })

const learner = (index: number, found = LOG) => member(index, 'data', { ...found, learner: true })

const STATES = ['data', 'empty', 'unreachable', 'gone'] as const

/** Every assignment of states to this many members. */
function* everyState(count: number): Generator<readonly (typeof STATES)[number][]> {
  if (count === 0) {
    yield []
    return
  }
  for (const rest of everyState(count - 1)) for (const state of STATES) yield [...rest, state]
}

describe.each([1, 2, 3, 4, 5, 6, 7])('%i voting members', (voters) => {
  test('are never given up while those with data, and those whose state is unknown, could be a quorum', () => {
    for (const states of everyState(voters)) {
      const outlook = outlookOf(states.map((state, index) => member(index, state)))
      const data = states.filter((state) => state === 'data').length
      const unknown = states.filter((state) => state === 'unreachable').length
      const expected =
        data >= quorum(voters) ? 'startable' : data + unknown >= quorum(voters) ? 'open' : 'lost'
      expect(outlook.kind).toBe(expected)
      expect(outlook.wanting).toBe(Math.max(0, quorum(voters) - data))
    }
  })

  test('have lost nothing exactly if every possible quorum includes a surviving member', () => {
    for (let survivors = 0; survivors <= voters; survivors++) {
      const states = Array.from({ length: voters }, (_, index) => (index < survivors ? 'data' : 'gone'))
      const { complete } = outlookOf(states.map((state, index) => member(index, state)))
      // A write that no surviving member has was acknowledged by a quorum of the others, if they are one.
      const missable = voters - survivors >= quorum(voters)
      expect(complete).toBe(!missable)
    }
  })

  test('must not be recovered while a member serves', () => {
    for (const states of everyState(voters - 1)) {
      const rest = states.map((state, index) => member(index, state))
      expect(outlookOf([...rest, member(voters - 1, 'serving')]).kind).toBe('serving')
    }
  })
})

test('the later term of the last entry wins, then the longer log, then the one that is whole', () => {
  const { ranked } = outlookOf([
    member(0, 'data', log(3n, 900n)),
    member(1, 'data', log(4n, 50n)),
    member(2, 'data', log(3n, 901n, true)),
    member(3, 'data', log(3n, 901n)),
    member(4, 'gone'),
  ])
  expect(ranked).toEqual(['etcd02', 'etcd04', 'etcd03', 'etcd01'])
})

test('a damaged log is a copy to continue from, but neither a vote nor a witness', () => {
  const damaged = { ...LOG, damaged: true }
  const two = outlookOf([member(0, 'data', damaged), member(1, 'data'), member(2, 'gone')])
  expect(two).toMatchObject({ kind: 'lost', complete: false, wanting: 1 })
  expect(two.ranked.toSorted()).toEqual(['etcd01', 'etcd02'])
  // Two complete logs of four: any three that acknowledged a write include one of them.
  const four = outlookOf([member(0, 'data'), member(1, 'data'), member(2, 'gone'), member(3, 'gone')])
  expect(four).toMatchObject({ kind: 'lost', complete: true })
})

test("two copies of one member's log are one vote, and one witness", () => {
  const clones = [
    member(0, 'data', { ...LOG, memberId: 'a1' }),
    member(1, 'data', { ...LOG, memberId: 'a1' }),
    member(2, 'gone'),
  ]
  expect(outlookOf(clones)).toMatchObject({ kind: 'lost', complete: false, wanting: 1 })
  expect(outlookOf(clones).ranked).toEqual(['etcd01', 'etcd02'])
  const own = [
    member(0, 'data', { ...LOG, memberId: 'a1' }),
    member(1, 'data', { ...LOG, memberId: 'b2' }),
    member(2, 'gone'),
  ]
  expect(outlookOf(own)).toMatchObject({ kind: 'startable', complete: true, wanting: 0 })
})

describe('a learner', () => {
  test.each([1, 2, 3, 4, 5, 6])('beside %i voters counts neither as one, nor as a witness', (voters) => {
    for (let survivors = 0; survivors <= voters; survivors++) {
      const states = Array.from({ length: voters }, (_, index) => (index < survivors ? 'data' : 'gone'))
      const without = states.map((state, index) => member(index, state))
      const { ranked, ...outlook } = outlookOf([...without, learner(voters)])
      const { ranked: own, ...expected } = outlookOf(without)
      expect(outlook).toEqual(expected)
      expect(ranked.toSorted()).toEqual([...own, `etcd0${voters + 1}`].toSorted())
    }
  })

  test('is a copy to go on from, alone as well', () => {
    expect(outlookOf([learner(0), member(1, 'empty')])).toMatchObject({
      kind: 'lost',
      voters: 1,
      readable: 0,
      ranked: ['etcd01'],
      complete: false,
    })
    expect(outlookOf([learner(0)])).toMatchObject({ kind: 'lost', ranked: ['etcd01'], complete: false })
  })

  test('whose log is damaged may have been promoted: it counts as a voter', () => {
    const damaged = learner(0, { ...LOG, damaged: true })
    expect(outlookOf([damaged, member(1, 'data')])).toMatchObject({ voters: 2, quorum: 2, complete: true })
  })
})
