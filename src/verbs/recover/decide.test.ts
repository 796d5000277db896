/** Whether a recovery is started, continued or given up, and whether it is still the one that was shown. */
import { expect, test } from 'vitest'
import type { QuorateError } from '../../errors.ts'
import type { MemberData, MemberLog } from '../../host/member-log.ts'
import { parseHostState } from '../../host/observe.ts'
import type { MemberState } from '../../host/state.ts'
import {
  CLUSTER_ID,
  settledWorld,
  stopped,
  testCluster,
  withMember,
  withMembers,
} from '../../tiers/etcd/plan/testing.ts'
import type { RecoveryMilestone } from '../../tiers/etcd/steps/recovery.ts'
import { decideTakingBack, takingBackStages } from './decide-abandon.ts'
import { type RecoveryFacts, type RecoveryRequest, decideRecovery, isSameRecovery } from './decide.ts'
import { renderProgress } from './progress.ts'
import { surveyOf } from './survey.ts'

const cluster = testCluster()
const request: RecoveryRequest = {
  cluster,
  survivor: undefined,
  lost: [],
  fresh: { token: 'sample-00000000000000aa', suffix: 'before-recover-20260730T101112Z' },
}

const LOG: MemberLog = {
  memberId: '2',
  clusterId: CLUSTER_ID,
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
const DATABASE = { sizeBytes: 1000, writtenAt: LOG.writtenAt }
const NONE: MemberData = { log: undefined, unreadable: undefined, database: undefined }

/** No member runs, and one of three has its data. */
function facts(looked: Partial<Looked> = {}): RecoveryFacts {
  const { log, marks, etcd02 }: Looked = { log: LOG, marks: {}, etcd02: {}, ...looked }
  const { hosts } = withMember(withMembers(settledWorld(cluster), stopped), 'etcd02', () => etcd02)
  const marked = Object.entries(hosts).map(([name, host]) => {
    const lines = marks[name]?.trimEnd().split('\n') ?? []
    const { underway } = parseHostState(
      name,
      false,
      lines.map((line) => `underway ${line}`),
    )
    return [name, { ...host, underway }] as const
  })
  const data = { etcd01: NONE, etcd02: { ...NONE, log, database: DATABASE }, etcd03: NONE }
  const finds = { hosts: Object.fromEntries(marked), away: {}, data, view: { members: [] } }
  return { finds, etcdClients: [], hasAuthority: true }
}

interface Looked {
  readonly log: MemberLog | undefined
  readonly marks: Readonly<Record<string, string>>
  readonly etcd02: Partial<MemberState>
}

test('decided twice, it is the same recovery; written to in between, it is not', () => {
  const shown = decideRecovery(request, facts())
  expect(shown).toMatchObject({
    started: false,
    preview: { survivor: 'etcd02', joining: ['etcd01', 'etcd03'] },
  })
  expect(isSameRecovery(shown, decideRecovery(request, facts()))).toBe(true)
  const longer = decideRecovery(request, facts({ log: { ...LOG, lastIndex: 106n } }))
  expect(isSameRecovery(shown, longer)).toBe(false)
})

test('what was started keeps its name, may write on, and is not what was shown before it was started', () => {
  const shown = decideRecovery(request, facts())
  const mark = renderProgress(shown.progress)
  const marks = { etcd01: mark, etcd02: mark, etcd03: mark }
  const again = { ...request, fresh: { ...request.fresh, token: 'sample-bb' } }
  const started = decideRecovery(again, facts({ marks }))
  expect(started).toMatchObject({ started: true, progress: { token: request.fresh.token } })
  expect(isSameRecovery(shown, started)).toBe(false)
  const later = decideRecovery(again, facts({ marks, log: { ...LOG, lastIndex: 106n } }))
  expect(isSameRecovery(started, later)).toBe(true)
})

test('the log is damaged before anything is copied: the recovery goes on with raised revisions; once copied, as it was', () => {
  const two = testCluster({
    nodes: ['etcd01', 'etcd02'].flatMap((name) => cluster.nodes.filter((node) => node.name === name)),
  })
  const { hosts } = withMembers(settledWorld(two), stopped)
  const asked = { ...request, cluster: two }
  const seen = (log: MemberLog, marks = {}) => {
    const { finds, ...rest } = facts({ log, marks })
    const marked = Object.entries(hosts).map(
      ([name, host]) => [name, { ...host, underway: finds.hosts[name]?.underway }] as const,
    )
    return { ...rest, finds: { ...finds, hosts: Object.fromEntries(marked) } }
  }
  const shown = decideRecovery(asked, seen(LOG))
  expect(shown.progress.bump).toBe(0)
  const damaged: MemberLog = { ...LOG, lastIndex: 60n, trouble: { kind: 'damaged', message: 'a checksum' } }
  const later = (reached: RecoveryMilestone) => {
    const mark = renderProgress(shown.progress)
    const own = renderProgress({ ...shown.progress, reached })
    return decideRecovery(asked, seen(damaged, { etcd01: mark, etcd02: own }))
  }
  expect(later('fenced')).toMatchObject({ started: true, progress: { bump: 1_000_000_000 } })
  expect(later('fenced').preview.risks.join()).toContain(' 1,000,000,000, ')
  expect(later('copied').progress.bump).toBe(0)
})

test('a learner beside a lost voter makes no quorum with the other one, which has every acknowledged write', () => {
  const { finds, ...rest } = facts()
  const learner = { ...LOG, memberId: '1', lastIndex: 104n, learner: true }
  const etcd01 = { ...NONE, log: learner, database: DATABASE }
  const decided = decideRecovery(request, { ...rest, finds: { ...finds, data: { ...finds.data, etcd01 } } })
  expect(decided).toMatchObject({
    survey: { outlook: { kind: 'lost', voters: 2, quorum: 2, ranked: ['etcd02', 'etcd01'], complete: true } },
    progress: { survivor: 'etcd02', bump: 0 },
  })
})

test('a learner alone may lack what the lost voter acknowledged: revisions are raised, and that is said', () => {
  const two = testCluster({ nodes: cluster.nodes.slice(0, 2) })
  const { finds, ...rest } = facts({ log: { ...LOG, learner: true } })
  const { hosts } = withMembers(settledWorld(two), stopped)
  const { preview, progress } = decideRecovery(
    { ...request, cluster: two },
    { ...rest, finds: { ...finds, hosts } },
  )
  expect(progress).toMatchObject({ survivor: 'etcd02', bump: 1_000_000_000 })
  expect(preview.report).toMatchObject({ voters: 1, complete: false })
  expect(preview.report.mayBeLost).toEqual([expect.stringContaining(' etcd01 ')])
  expect(preview.report.members[1]).toMatchObject({ problem: expect.stringContaining('learner') })
})

test('without the CA nobody could join', () => {
  const { code, message } = refusal(() => decideRecovery(request, { ...facts(), hasAuthority: false })) ?? {}
  expect({ code, message }).toMatchObject({ code: 'blocked', message: expect.stringContaining('CA') })
})

test('where nobody can ask the members that run, nothing is decided', () => {
  const { hosts } = settledWorld(cluster)
  const unheard = { ...facts(), finds: { ...facts().finds, hosts, view: undefined } }
  expect(refusal(() => decideRecovery(request, unheard))).toMatchObject({ code: 'blocked' })
})

/** All three nodes have a marker; the surviving member has got this far. */
function marksOf(reached: RecoveryMilestone): Readonly<Record<string, string>> {
  const { progress } = decideRecovery(request, facts())
  const mark = renderProgress(progress)
  return { etcd01: mark, etcd02: renderProgress({ ...progress, reached }), etcd03: mark }
}

const LOST: Partial<MemberState> = { dataPresent: false }
const NEW: MemberLog = { ...LOG, clusterId: 'aa' }

test('it is given up until the new cluster is started, and once its data is lost: then what was moved aside is put back', () => {
  expect(decideTakingBack(surveyOf(cluster, facts().finds))).toBeUndefined()
  const given = (reached: RecoveryMilestone, looked: Partial<Looked> = {}) =>
    decideTakingBack(surveyOf(cluster, facts({ marks: marksOf(reached), ...looked }).finds))
  const everywhere = ['take-back etcd01', 'take-back etcd02', 'take-back etcd03']
  const shown = (back: ReturnType<typeof given>) => back?.steps.map(({ kind, host }) => `${kind} ${host}`)
  for (const reached of ['fenced', 'copied', 'placing'] as const)
    expect(shown(given(reached))).toEqual(everywhere)
  for (const reached of ['placed', 'serving'] as const) {
    expect(refusal(() => given(reached, { log: NEW }))).toMatchObject({ code: 'blocked', host: 'etcd02' })
    expect(shown(given(reached, { etcd02: LOST }))).toEqual(everywhere)
  }
  // All are decommissioned: no member has data of the new cluster, or one has, which stays.
  expect(given('cleared', { etcd02: LOST, log: undefined })).toMatchObject({ stays: false })
  const ended = given('cleared', { log: NEW })
  expect(ended).toMatchObject({ stays: true })
  expect(shown(ended)).toEqual(['end etcd01', 'end etcd02', 'end etcd03'])
  // While the surviving member's marker exists, the same command continues.
  const stages = (back: ReturnType<typeof given>) =>
    back && takingBackStages(back).map((stage) => stage.map(({ host }) => host))
  expect(stages(ended)).toEqual([['etcd01', 'etcd03'], ['etcd02']])
  expect(stages(given('fenced'))).toEqual([['etcd02'], ['etcd01', 'etcd03']])
})

test('given up without the survivor, what the others hold says whether the new cluster stays', () => {
  const { finds } = facts({ marks: marksOf('serving') })
  const { etcd02: _off, ...hosts } = finds.hosts
  const given = (log: MemberLog | undefined, lost: readonly string[] = ['etcd02']) => {
    const data = { ...finds.data, etcd01: { ...NONE, log, database: DATABASE } }
    return decideTakingBack(surveyOf(cluster, { ...finds, hosts, data }, lost), lost)
  }
  expect(refusal(() => given(undefined, []))).toMatchObject({
    code: 'blocked',
    hint: expect.stringContaining('quorate recover --abandon --lost etcd02') as string,
  })
  expect(given(LOG)).toMatchObject({ stays: false, progress: { lost: ['etcd02'] } })
  expect(given(LOG)?.steps.map(({ host }) => host)).toEqual(['etcd01', 'etcd03'])
  expect(given(NEW)).toMatchObject({ stays: true })
})

test('the mark of an earlier recovery is left for another time', () => {
  const { etcd01 = '', ...marks } = marksOf('fenced')
  const other = etcd01.replace(/^token=.*$/m, 'token=sample-earlier')
  const { finds } = facts({ marks: { ...marks, etcd01: other } })
  const { steps = [] } = decideTakingBack(surveyOf(cluster, finds)) ?? {}
  expect(steps.map(({ host }) => host)).toEqual(['etcd02', 'etcd03'])
})

test('a machine that was declared lost and is back is neither worked on nor left alone', () => {
  const { progress } = decideRecovery(request, facts())
  const marks = { etcd02: renderProgress({ ...progress, lost: ['etcd03'] }) }
  const reasons = {
    code: 'blocked',
    message: expect.stringContaining('etcd03: declared lost') as string,
  }
  expect(refusal(() => decideRecovery(request, facts({ marks })))).toMatchObject(reasons)
  expect(refusal(() => decideRecovery({ ...request, lost: ['etcd03'] }, facts({ marks })))).toMatchObject(
    reasons,
  )
})

test('a mark on a machine that was declared lost and is back is taken back with the others', () => {
  const { progress } = decideRecovery(request, facts())
  const mark = renderProgress({ ...progress, lost: ['etcd03'] })
  const taken = decideTakingBack(surveyOf(cluster, facts({ marks: { etcd02: mark, etcd03: mark } }).finds))
  expect(taken?.progress.lost).toEqual([])
  expect(taken?.steps.map(({ host }) => host)).toEqual(['etcd02', 'etcd03'])
})

test('who was to go on from its data is not declared lost', () => {
  const { progress } = decideRecovery(request, facts())
  const mark = renderProgress(progress)
  const { finds, ...rest } = facts({ marks: { etcd01: mark, etcd03: mark } })
  const { etcd02: _off, ...hosts } = finds.hosts
  const asked = { ...request, lost: ['etcd02'] }
  expect(refusal(() => decideRecovery(asked, { ...rest, finds: { ...finds, hosts } }))).toFail(
    'blocked/declared-lost-but-needed',
    { host: 'etcd02' },
  )
})

test('a survivor that lost its new data is not started, and nobody is cleared for it', () => {
  const { progress } = decideRecovery(request, facts())
  const decided = (reached: RecoveryMilestone, etcd02: Partial<MemberState>, log = LOG) => {
    const [own, mark] = [renderProgress({ ...progress, reached }), renderProgress(progress)]
    const looked = facts({ marks: { etcd01: mark, etcd02: own, etcd03: mark }, etcd02, log })
    return refusal(() => decideRecovery(request, looked))
  }
  for (const reached of ['placed', 'serving'] as const) {
    for (const lost of [{ dataPresent: false }, { walPresent: false }])
      expect(decided(reached, lost)).toFail('blocked/new-data-is-lost', {
        host: 'etcd02',
        fix: progress.suffix,
      })
    expect(decided(reached, {})).toBeUndefined()
  }
  // Half replaced: some of the data may have been renamed already. A member that has joined can recreate it.
  expect(decided('placing', LOST)).toBeUndefined()
  expect(decided('cleared', LOST, NEW)).toBeUndefined()
  expect(decided('cleared', LOST)).toMatchObject({ code: 'blocked' })
})

function refusal(decide: () => unknown): QuorateError | undefined {
  try {
    decide()
    return undefined
  } catch (error) {
    return error as QuorateError
  }
}
