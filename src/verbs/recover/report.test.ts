/** What the report claims about what is left, and what it offers. */
import { expect, test } from 'vitest'
import { sampleNode } from '../../etcd/sample.ts'
import type { MemberLog } from '../../host/member-log.ts'
import { type SurveyedMember, outlookOf } from './outlook.ts'
import { testCluster } from '../../tiers/etcd/plan/testing.ts'
import type { Survey, Survivor } from './survey.ts'
import { reportOf } from './report.ts'

const cluster = testCluster()

const LOG: MemberLog = {
  memberId: '1',
  clusterId: '4d',
  lastTerm: 3n,
  lastIndex: 105n,
  commit: 103n,
  term: 3n,
  vote: 1n,
  learner: false,
  writtenAt: new Date('2026-07-30T10:11:12Z'),
  tail: { file: '0.wal', end: 800, sum: 1, sizeBytes: 1000 },
  trouble: undefined,
}

function member(number: number, state: Survivor['state'], changes: Partial<Survivor> = {}): Survivor {
  return {
    name: `etcd0${number}`,
    node: sampleNode(`etcd0${number}`, `192.168.0.${number}`),
    state,
    problem: undefined,
    unit: state === 'data' ? 'inactive' : undefined,
    host: undefined,
    log: state === 'data' ? { ...LOG, memberId: String(number) } : undefined,
    database: undefined,
    dataOf: undefined,
    ...changes,
  }
}

function report(members: readonly Survivor[], underway: Survey['underway'] = {}) {
  const surveyed = members.map(({ name, state, log }): SurveyedMember => ({
    name,
    state,
    log: log && { ...log, damaged: log.trouble?.kind === 'damaged' },
  }))
  return reportOf(cluster, { outlook: outlookOf(surveyed), members, clusterId: '4d', underway })
}

test('one of three: what it knew to be acknowledged is certain, what comes behind is kept, the rest may be lost', () => {
  const { kind, best, complete, certain, mayBeLost, choices } = report([
    member(1, 'data'),
    member(2, 'gone'),
    member(3, 'empty'),
  ])
  expect({ kind, best, complete }).toEqual({ kind: 'lost', best: 'etcd01', complete: false })
  expect(certain.join('\n')).toMatch(/ 103 .*; .* 104 to 105 /)
  expect(mayBeLost).toHaveLength(1)
  expect(mayBeLost[0]).toMatch(/ etcd02 and etcd03 .* 2026-07-30T10:11:12/)
  expect(choices.map((choice) => choice.kind)).toEqual(['wait', 'survivor'])
  expect(choices[1]?.command).toBe('quorate recover --from-survivor etcd01 --lost etcd02')
})

test('two of four: the quorum is lost, and nothing else is', () => {
  const { kind, complete, certain, mayBeLost } = report([
    member(1, 'data'),
    member(2, 'data'),
    member(3, 'gone'),
    member(4, 'gone'),
  ])
  expect({ kind, complete, mayBeLost }).toEqual({ kind: 'lost', complete: true, mayBeLost: [] })
  expect(certain.join()).toMatch(/ acknowledged /)
})

test('waiting is offered only as long as machines could bring a quorum back', () => {
  const empty = report([member(1, 'data'), member(2, 'empty'), member(3, 'empty')])
  expect(empty.choices.map(({ kind }) => kind)).toEqual(['survivor'])
  const away = report([member(1, 'data'), member(2, 'unreachable'), member(3, 'unreachable')])
  expect(away.choices[0]).toMatchObject({
    kind: 'wait',
    text: expect.stringMatching(/if 1 of etcd02, etcd03/),
  })
})

test('with enough data all it takes is a start, unless they run already', () => {
  const stopped = report([member(1, 'data'), member(2, 'data'), member(3, 'gone')])
  expect(stopped).toMatchObject({ kind: 'startable', mayBeLost: [] })
  expect(stopped.choices).toMatchObject([{ kind: 'start', command: 'quorate start --all' }])
  const running = report([1, 2, 3].map((number) => member(number, 'data', { unit: 'activating' })))
  expect(running.choices).toMatchObject([{ kind: 'wait' }])
})

test('a damaged log says so, and what it may cost', () => {
  const trouble = { kind: 'damaged', message: 'what was written at byte 800 is damaged' } as const
  const { mayBeLost } = report([
    member(1, 'data', { log: { ...LOG, trouble } }),
    member(2, 'gone'),
    member(3, 'gone'),
  ])
  expect(mayBeLost[0]).toContain('byte 800')
})

test('without any log everything is lost but what a backup has', () => {
  const { best, mayBeLost, choices } = report([member(1, 'empty'), member(2, 'empty'), member(3, 'gone')])
  expect({ best, choices }).toEqual({ best: null, choices: [] })
  expect(mayBeLost.join()).toContain('all data')
})

test('what could not be read is unknown, not lost', () => {
  const none = report([1, 2, 3].map((number) => member(number, 'unreachable')))
  expect(none).toMatchObject({ kind: 'open', best: null, mayBeLost: [] })
  expect(none.unknown.join()).toMatch(/what etcd01, etcd02, etcd03 hold: they are unreachable/)
  expect(none.choices).toMatchObject([{ kind: 'wait', command: 'quorate recover' }])
  const one = report([member(1, 'data'), member(2, 'unreachable'), member(3, 'empty')])
  expect(one.mayBeLost).toEqual([expect.stringMatching(/ etcd02 .*: .* etcd02 and etcd03 /)])
  expect(one.unknown).toEqual([expect.stringMatching(/^what etcd02 holds: it is unreachable/)])
  const empty = report([member(1, 'empty'), member(2, 'empty'), member(3, 'unreachable')])
  expect(empty).toMatchObject({ mayBeLost: [], unknown: [expect.stringContaining('etcd03 holds')] })
})

test('a recovery that was cut off comes first', () => {
  const command = 'quorate recover --from-survivor etcd01'
  const { kind, choices } = report([member(1, 'serving'), member(2, 'empty')], {
    etcd01: { verb: 'recover', command, all: {} },
  })
  expect(kind).toBe('unfinished')
  expect(choices).toMatchObject([{ kind: 'finish', command }])
})
