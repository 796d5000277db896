/** A restore interrupted anywhere: old and restored members never meet, and a rerun always completes it. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PATHS } from '../../host/state.ts'
import { type Cluster, etcdNodes } from '../../spec/cluster.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { foresee } from '../../tiers/etcd/plan/plan.ts'
import { predict } from '../../tiers/etcd/steps/predict.ts'
import { initialCluster, isPlaced, planRestore, restoredClusterId } from './decide-next.ts'
import type { RestoreIntent } from './intent.ts'
import { chooseRestore } from './continue.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'
import { bareWorld, reasonsOf, settledWorld, testCluster, withMember } from '../../tiers/etcd/plan/testing.ts'

const cluster = testCluster()
const FRESH = { token: 'sample-00000000000000aa', suffix: 'before-restore-1', sha256: 'aa', source: 'a.db' }

function intentFor(of: Cluster, restore = { ...FRESH, members: initialCluster(of) }): RestoreIntent {
  return {
    kind: 'restore',
    cluster: of,
    restore,
    snapshotFile: '/tmp/a.db',
    sizeBytes: 1,
    options: [],
    without: [],
    command: 'quorate restore a.db',
  }
}

const intent = intentFor(cluster)
const kindsOf = (waves: readonly (readonly Step[])[]) =>
  waves.map((steps) => [...new Set(steps.map(({ kind }) => kind))].join(' '))

describe('the order', () => {
  test('where a cluster serves: everything is ready before anything stops', () => {
    const { waves, blocked } = foresee(cluster, settledWorld(cluster), (state) => planRestore(intent, state))
    expect(blocked).toEqual([])
    expect(kindsOf(waves)).toEqual([
      'restore-stage',
      'restore-halt',
      'stop',
      'restore-place',
      'restore-unchecked start enable ready',
      'verify',
      'restore-finish',
    ])
  })

  test('on new machines other commands are kept out before there is any data', () => {
    const { waves, blocked } = foresee(cluster, bareWorld(cluster), (state) => planRestore(intent, state))
    expect(blocked).toEqual([])
    const kinds = kindsOf(waves)
    expect(kinds.indexOf('restore-halt')).toBeLessThan(kinds.indexOf('restore-stage'))
    expect(kinds.filter((kind) => kind.includes('start'))).toEqual(['restore-unchecked start enable ready'])
  })
})

test("data that can't be renamed prevents the restore before anything is done", () => {
  const limits = { fixed: ['/opt/etcd/wal'], inside: {}, closed: {}, room: {} }
  const world = withMember(settledWorld(cluster), 'etcd02', { limits })
  const { blocked } = foresee(cluster, world, (state) => planRestore(intent, state))
  expect(blocked.map(({ host }) => host)).toEqual(['etcd02'])
})

test('killed anywhere, on any machines: no member starts before all have replaced their data, and it ends', () => {
  const worlds = fc.constantFrom(settledWorld(cluster), bareWorld(cluster))
  fc.assert(
    fc.property(worlds, fc.array(fc.nat({ max: 200 }), { maxLength: 30 }), (first, cuts) => {
      let state = first
      for (const cut of [...cuts, Infinity, ...Array.from({ length: 12 }, () => Infinity)]) {
        // Another run has a new token, but must find and keep the first run's token.
        const fresh = { ...FRESH, token: `sample-${String(cut).length}bb`, suffix: 'before-restore-2' }
        const { restore } = chooseRestore(cluster, state, state === first ? FRESH : fresh)
        const own = intentFor(cluster, restore)
        const answer = planRestore(own, state)
        if (answer.kind === 'done') break
        if (answer.kind === 'blocked') throw new Error(JSON.stringify(answer))
        for (const step of survivors(answer.steps, cut)) {
          expectSafe(own, state, step)
          state = predict(cluster, state, step)
        }
      }
      expect(idsIn(state).size).toBe(1)
      expect(Object.values(state.hosts).every((host) => host.member?.unit.active === 'active')).toBe(true)
    }),
  )
})

test("a restore whose data was lost after others may have started can't continue: it starts again", () => {
  const { waves } = foresee(cluster, settledWorld(cluster), (state) => planRestore(intent, state))
  const placed = waves
    .slice(0, -2)
    .flat()
    .reduce((state, step) => predict(cluster, state, step), settledWorld(cluster))
  expect(chooseRestore(cluster, placed, { ...FRESH, token: 'sample-bb' })).toMatchObject({
    continued: true,
    restore: { token: FRESH.token },
  })
  const [first = ''] = etcdNodes(cluster).map(({ name }) => name)
  const gone = withMember(placed, first, () => ({ dataPresent: false, walPresent: false }))
  expect(chooseRestore(cluster, gone, { ...FRESH, token: 'sample-bb' })).toMatchObject({
    continued: false,
    restore: { token: 'sample-bb' },
  })
  const bare = bareWorld(cluster).hosts[first]
  if (bare === undefined) throw new TypeError('no host')
  const lost = { ...placed, hosts: { ...placed.hosts, [first]: bare } }
  expect(chooseRestore(cluster, lost, { ...FRESH, token: 'sample-bb' })).toMatchObject({
    continued: false,
    restore: { token: 'sample-bb' },
  })
})

test.each([1, 3])(
  'restored data that was in place is lost on all of %i nodes: it starts again, to the end',
  (size) => {
    const own = { ...cluster, nodes: cluster.nodes.slice(0, size) }
    const first = intentFor(own)
    const { waves } = foresee(own, bareWorld(own), (state) => planRestore(first, state))
    const placed = waves
      .slice(0, -2)
      .flat()
      .reduce((state, step) => predict(own, state, step), bareWorld(own))
    const down = { active: 'inactive', enabled: true, mainPid: 0 } as const
    const gone = etcdNodes(own).reduce(
      (state, { name }) =>
        withMember(state, name, ({ unit }) => ({
          dataPresent: false,
          walPresent: false,
          unit: { ...unit, ...down },
        })),
      placed,
    )
    const chosen = chooseRestore(own, gone, { ...FRESH, token: 'sample-bb', suffix: 'before-restore-2' })
    expect(chosen).toMatchObject({ continued: false, restore: { token: 'sample-bb' } })
    const again = intentFor(own, chosen.restore)
    const plan = foresee(own, gone, (state) => planRestore(again, state))
    expect(plan.blocked).toEqual([])
    const kinds = plan.waves.flat().map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'restore-stage')).toHaveLength(size)
    expect(kinds.filter((kind) => kind === 'restore-finish')).toHaveLength(size)
  },
)

test("another cluster's machine, a member that the file does not name: refused", () => {
  const [first = ''] = etcdNodes(cluster).map(({ name }) => name)
  const foreign = withMember(settledWorld(cluster), first, ({ contents }) => ({
    contents: { ...contents, [PATHS.clusterId]: 'cluster=other\ncluster-id=abc\n' },
  }))
  expect(reasonsOf(planRestore(intent, foreign))[0]).toMatchObject({
    id: 'node-of-another-cluster',
    message: expect.stringContaining("'other'"),
  })
  const fewer = { ...cluster, nodes: cluster.nodes.slice(1) }
  const { [first]: _gone, ...hosts } = settledWorld(cluster).hosts
  const world = { ...settledWorld(cluster), hosts }
  expect(reasonsOf(planRestore(intentFor(fewer), world))[0]?.message).toContain(first)
  expect(planRestore({ ...intentFor(fewer), without: [first] }, world).kind).toBe('steps')
})

test('a CA that is too weak, and that no machine trusts yet, is not restored onto them', () => {
  const message = 'CN=old: SHA-1'
  const world = { ...bareWorld(cluster), authority: { bundle: 'a CA', tooWeak: [message] } }
  expect(reasonsOf(planRestore(intentFor(cluster), world))).toMatchObject([{ message }])
})

/** The completed steps when quorate was killed: each node's steps in order, as far as it got. */
function survivors(steps: readonly Step[], cut: number): readonly Step[] {
  if (!Number.isFinite(cut)) return steps
  const byHost = [...Map.groupBy(steps, ({ host }) => host ?? '').values()]
  return byHost.flatMap((own, index) => own.slice(0, (cut >> (2 * index)) % (own.length + 1)))
}

function expectSafe(own: RestoreIntent, state: Observed, step: Step): void {
  if (step.kind !== 'start') return
  const id = restoredClusterId(own)
  expect(etcdNodes(cluster).every(({ name }) => isPlaced(own, state.hosts[name]))).toBe(true)
  expect([...idsIn(state)]).toEqual([id])
}

function idsIn({ hosts }: Observed): ReadonlySet<string> {
  return new Set(
    Object.values(hosts).map(
      ({ member }) => /cluster-id=(.*)/.exec(member?.contents[PATHS.clusterId] ?? '')?.[1] ?? 'none',
    ),
  )
}
