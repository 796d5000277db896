import { expect, test } from 'vitest'
import {
  type MemberSigns,
  type RepairDecision,
  type RepairScene,
  decideRepair,
  isDamaged,
  judgeDamage,
} from './decide.ts'

const LOST = { kind: 'lost', text: 'no data' } as const

function member(number: number, changes: Partial<MemberSigns> = {}): MemberSigns {
  return { name: `etcd${number}`, healthy: true, reached: true, evidence: [], ...changes }
}

const ALL = [member(1), member(2), member(3)]
const DEAD = { healthy: false }

function decide(name: string, scene: Partial<RepairScene>): RepairDecision {
  const members = scene.members ?? ALL
  const groups = scene.groups ?? [members.filter(({ healthy }) => healthy).map((one) => one.name)]
  return decideRepair(judgeDamage({ members, groups, voters: members.length, corrupt: [], ...scene }), name)
}

const words = (decision: RepairDecision) =>
  decision.kind === 'refused' ? decision.reasons.map(({ message, hint }) => `${message} ${hint}`).join() : ''

test('where nothing is wrong nothing is done', () => {
  expect(decide('etcd1', {}).kind).toBe('nothing')
})

test('one with lost data is replaced, and none that only stands still', () => {
  const lost = [member(1), member(2), member(3, { ...DEAD, evidence: [LOST] })]
  expect(decide('etcd3', { members: lost })).toEqual({ kind: 'replace', evidence: [LOST] })
  expect(words(decide('etcd3', { members: [member(1), member(2), member(3, DEAD)] }))).toContain(
    'quorate start etcd3',
  )
  expect(words(decide('etcd1', { members: lost }))).toContain('quorate repair etcd3')
  const away = [member(1), member(2), member(3, { ...DEAD, reached: false })]
  expect(words(decide('etcd3', { members: away }))).toContain('quorate member replace etcd3 NEW')
})

test('the one that differs from a majority, whatever the alarm names', () => {
  const scene = { groups: [['etcd1', 'etcd2'], ['etcd3']], corrupt: ['etcd1'] }
  expect(decide('etcd3', scene)).toMatchObject({ kind: 'replace', evidence: [{ kind: 'contents' }] })
  expect(words(decide('etcd1', scene))).toContain('quorate repair etcd3')
})

test.each([
  ['all differ', ALL, [['etcd1'], ['etcd2'], ['etcd3']]],
  [
    'two against two',
    [...ALL, member(4)],
    [
      ['etcd1', 'etcd2'],
      ['etcd3', 'etcd4'],
    ],
  ],
  ['one against one, the third is down', [member(1), member(2), member(3, DEAD)], [['etcd1'], ['etcd2']]],
])('no majority: %s', (_what, members, groups) => {
  expect(decide('etcd1', { members, groups })).toMatchObject({
    kind: 'refused',
    reasons: [{ id: 'unknown-which-member-is-correct' }],
  })
})

test('without a quorum of the others there is recover; with too many damaged there is restore', () => {
  const one = [member(1), member(2, DEAD), member(3, { ...DEAD, evidence: [LOST] })]
  expect(words(decide('etcd3', { members: one }))).toContain('quorate recover')
  const two = [member(1), member(2, { evidence: [LOST] }), member(3, { evidence: [LOST] })]
  expect(words(decide('etcd3', { members: two }))).toContain('quorate restore')
})

test("CORRUPT about a member that can't be compared any more: it is the one that is not among those that agree", () => {
  const members = [member(1), member(2), member(3, DEAD)]
  expect(decide('etcd3', { members, corrupt: ['etcd3'] }).kind).toBe('replace')
  expect(decide('etcd3', { members, corrupt: ['etcd1'] }).kind).toBe('replace')
  const five = [member(1), member(2), member(3), member(4, DEAD), member(5, DEAD)]
  expect(decide('etcd5', { members: five, corrupt: ['etcd1'] }).kind).toBe('refused')
})

test('CORRUPT of an earlier time is disarmed where all agree', () => {
  expect(decide('etcd1', { corrupt: ['etcd1'] }).kind).toBe('disarm')
  expect(decide('etcd1', { corrupt: ['8e9e05c52164694d'] }).kind).toBe('disarm')
})

test('an unfinished replacement is no damage; a learner that the CORRUPT alarm names is damaged', () => {
  const unfinished = { kind: 'unfinished', text: 'a learner' } as const
  const members = [member(1), member(2), member(3, { ...DEAD, evidence: [unfinished] })]
  const evidenceOf = (corrupt: readonly string[]) => {
    const decision = decide('etcd3', { members, corrupt, voters: 2 })
    return decision.kind === 'replace' ? decision.evidence : []
  }
  expect(evidenceOf([])).toEqual([unfinished])
  expect(isDamaged(evidenceOf([]))).toBe(false)
  expect(isDamaged(evidenceOf(['etcd3']))).toBe(true)
  expect(isDamaged([unfinished, { kind: 'log', text: 'a checksum' }])).toBe(true)
})
