/**
 * The members' name from an offline CA, in the printed plan: expected to be signed as requested, until the CA has left
 * it out.
 */
import { describe, expect, test } from 'vitest'
import { PEER_IDENTITY } from '../../../etcd/configuration.ts'
import { PATHS } from '../../../host/state.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { clusterOf, grown } from './members.fixture.ts'
import { next } from './next.ts'
import type { CertificateFault, Observed } from '../facts/observed.ts'
import { demandOf, mayLackMemberName } from './peer-identity.ts'
import { foresee, plan } from './plan.ts'
import { predict } from '../steps/predict.ts'
import { initialCluster, planRestore } from '../../../verbs/restore/decide-next.ts'
import type { RestoreIntent } from '../../../verbs/restore/intent.ts'
import type { Step } from '../steps/steps.ts'
import {
  BARE_MEMBER,
  BUNDLE,
  bareWorld,
  glance,
  settledWorld,
  stepsOf,
  testIntent,
  withEnvironment,
  withMembers,
} from './testing.ts'

const ALL = ['etcd01', 'etcd02', 'etcd03']
const MISSING: CertificateFault = { code: 'missing', message: 'is missing' }
const UNSIGNED: CertificateFault = { code: 'member-name-unsigned', message: 'is missing' }
const cluster = offline(clusterOf(3))

function offline(of: Cluster): Cluster {
  return { ...of, pki: { ...of.pki, authority: { home: 'offline', certificate: '/ca.crt' } } }
}

function faultsOn(hosts: readonly string[], ...faults: CertificateFault[]): Observed['certificates'] {
  return Object.fromEntries(hosts.map((host) => [host, { etcd: faults }] as const))
}

function after(steps: readonly Step[], of: Cluster, world: Observed): Observed {
  return steps.reduce((state, step) => predict(of, state, step), world)
}

function kinds(of: Cluster, world: Observed): string[] {
  return glance(plan(testIntent(of), world).waves.flat())
}

function dangers(of: Cluster, world: Observed): string[] {
  const steps = plan(testIntent(of), world).waves.flat()
  return steps.flatMap(({ what, danger }) => (danger === 'none' ? [] : [what]))
}

/** The hosts that a plan starts, and those of them whose options then require the name. */
function starts(of: Cluster, world: Observed): { readonly started: string[]; readonly demanding: string[] } {
  const [started, demanding]: [string[], string[]] = [[], []]
  let state = world
  for (const step of plan(testIntent(of), world).waves.flat()) {
    if (step.kind === 'start') {
      started.push(step.host)
      if (demandOf(state.hosts[step.host]?.member) !== undefined) demanding.push(step.host)
    }
    state = predict(of, state, step)
  }
  return { started, demanding }
}

describe('a new cluster', () => {
  const unasked = {
    ...bareWorld(cluster),
    authority: { bundle: BUNDLE },
    certificates: faultsOn(ALL, MISSING, UNSIGNED),
  }
  const first = stepsOf(next(testIntent(cluster), unasked))
  /** Its requests wait, and the CA has signed what is given. */
  const asked = (certificates: Observed['certificates']): Observed => ({
    ...after(first, cluster, unasked),
    certificates,
  })

  test('is planned to require it from the first start on: nothing is restarted, so there is no question', () => {
    expect(starts(cluster, unasked)).toEqual({ started: ALL, demanding: ALL })
    expect(dangers(cluster, unasked)).toEqual([])
  })

  test('has settings without it until it is signed: what may come back without it is not refused', () => {
    expect(first.some((step) => step.kind === 'file' && step.path === PATHS.environment)).toBe(true)
    const waiting = asked(faultsOn(ALL, MISSING, UNSIGNED))
    expect(mayLackMemberName(cluster, waiting.hosts)).toBe(true)
    // Issuing comes next, and says what isn't signed.
    expect(glance(stepsOf(next(testIntent(cluster), waiting)))).toContain('etcd01 certificates')
  })

  test('gets its settings again, before it is started, once all have it', () => {
    const steps = stepsOf(next(testIntent(cluster), asked(faultsOn(ALL, MISSING))))
    expect(glance(steps)).toEqual(ALL.map((host) => `${host} file ${PATHS.environment}`))
    expect(starts(cluster, asked(faultsOn(ALL, MISSING)))).toEqual({ started: ALL, demanding: ALL })
    expect(dangers(cluster, asked(faultsOn(ALL, MISSING)))).toEqual([])
  })

  test.each([
    ['has signed nothing', []],
    ['has left it out for all but one', ['etcd01']],
  ])('starts without it where the CA %s, and nothing is restarted', (_what, named) => {
    const others = ALL.filter((host) => !named.includes(host))
    const world = asked({ ...faultsOn(named, MISSING), ...faultsOn(others, MISSING, UNSIGNED) })
    expect(starts(cluster, world)).toEqual({ started: ALL, demanding: [] })
    expect(dangers(cluster, world)).toEqual([])
  })
})

describe('a restore onto new machines', () => {
  const bare = { ...bareWorld(cluster), authority: { bundle: BUNDLE } }
  const token = { token: 'sample-00000000000000aa', suffix: 'before-restore-1', sha256: 'aa', source: 'a.db' }
  const intent: RestoreIntent = {
    kind: 'restore',
    cluster,
    restore: { ...token, members: initialCluster(cluster) },
    snapshotFile: '/tmp/a.db',
    sizeBytes: 1,
    options: [],
    without: [],
    command: 'quorate restore a.db',
  }
  /** Which members get settings that require the name, and whether a plan of `apply` has anything left to do for it. */
  const outcome = (world: Observed) => {
    const { waves } = foresee(cluster, world, (state) => planRestore(intent, state))
    const placed = waves.flat().flatMap((step) => (step.kind === 'restore-place' ? [step] : []))
    expect(placed).toHaveLength(3)
    return {
      demanding: placed.flatMap(({ host, options }) => (options.includes(PEER_IDENTITY) ? [host] : [])),
      restarts: dangers(cluster, after(waves.flat(), cluster, world)),
    }
  }

  test('is planned with the name from the first start on', () => {
    const unasked = { ...bare, certificates: faultsOn(ALL, MISSING, UNSIGNED) }
    expect(outcome(unasked)).toEqual({ demanding: ALL, restarts: [] })
  })

  test('uses what is effective when the settings are written', () => {
    const { tls } = settledWorld(cluster).hosts['etcd01']?.member ?? {}
    const issued = (unsigned: readonly string[]) => ({
      ...withMembers(bare, { tls: tls ?? BARE_MEMBER.tls }),
      certificates: { ...faultsOn(ALL), ...faultsOn(unsigned, UNSIGNED) },
    })
    expect(outcome(issued([]))).toEqual({ demanding: ALL, restarts: [] })
    expect(outcome(issued(['etcd02']))).toEqual({ demanding: [], restarts: [] })
  })
})

describe('a new member among members that require it', () => {
  const four = offline(clusterOf(4))
  const bare = grown(cluster, four)
  const unasked = {
    ...bare,
    certificates: { ...bare.certificates, ...faultsOn(['etcd04'], MISSING, UNSIGNED) },
  }

  test('needs it signed, is added only then, and demands it as well', () => {
    expect(mayLackMemberName(four, unasked.hosts)).toBe(false)
    const order = kinds(four, unasked)
    expect(order.indexOf('etcd04 certificates')).toBeLessThan(order.indexOf('member-add'))
    expect(order.filter((step) => step.includes('restart'))).toEqual([])
    expect(starts(four, unasked)).toEqual({ started: ['etcd04'], demanding: ['etcd04'] })
  })

  test('is waited for while nothing with it was imported, and then continues in the same way', () => {
    const key = stepsOf(next(testIntent(four), unasked))
    const waiting = { ...after(key, four, unasked), certificates: unasked.certificates }
    expect(glance(stepsOf(next(testIntent(four), waiting)))).toEqual(['etcd04 certificates'])
    expect(kinds(four, waiting).filter((step) => step === 'etcd04 certificates')).toHaveLength(1)
    expect(starts(four, waiting)).toEqual({ started: ['etcd04'], demanding: ['etcd04'] })
  })
})

test('a member that lacks it among those that demand it is asked for it in the plan until it is issued', () => {
  const settled = settledWorld(cluster)
  const lacking = { ...settled, certificates: { ...settled.certificates, ...faultsOn(['etcd02'], UNSIGNED) } }
  expect(kinds(cluster, lacking)).toEqual(['etcd02 key', 'etcd02 certificates'])
})

test('members that run, one of them with its certificate lost, are planned to be restarted once that is signed', () => {
  const none = { [PEER_IDENTITY]: '' }
  const old = withMembers(withMembers(settledWorld(cluster), withEnvironment(none)), ({ unit }) => ({
    unit: { ...unit, environment: { ...unit.environment, ...none } },
  }))
  const lost = { ...old, certificates: { ...old.certificates, ...faultsOn(['etcd03'], MISSING, UNSIGNED) } }
  const key = stepsOf(next(testIntent(cluster), lost))
  const waiting = { ...after(key, cluster, lost), certificates: lost.certificates }
  for (const world of [lost, waiting]) expect(dangers(cluster, world)).toHaveLength(3)
})
