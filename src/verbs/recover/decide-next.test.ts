/**
 * A recovery interrupted anywhere: nothing is copied while its member runs, and no marker is removed before the end.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { QuorateError } from '../../errors.ts'
import { settledWorld, testCluster, testIntent } from '../../tiers/etcd/plan/testing.ts'
import {
  type RecoveryMilestone,
  type RecoveryStep,
  MILESTONES,
  isRecoveryStep,
} from '../../tiers/etcd/steps/recovery.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'
import { type Recovering, nextRecovery, predictRecovering, withAnother } from './decide-next.ts'

const cluster = testCluster()
const SURVIVOR = 'etcd02'
const OTHERS = ['etcd01', 'etcd03']
const joining = {
  intent: { ...testIntent(cluster), finishes: 'recover' },
  observed: settledWorld(cluster),
}

function begin(reached: RecoveryMilestone | undefined): Recovering {
  const nothing = { fenced: [], cleared: [], released: [] }
  return { survivor: SURVIVOR, others: OTHERS, reached, ...nothing, joining }
}

/** What a run does without interruption, at most this many stages. */
function wavesFrom(first: Recovering, most = 20): string[] {
  const waves: string[] = []
  for (let facts = first; waves.length < most;) {
    const answer = nextRecovery(facts)
    if (answer.kind !== 'steps') return waves
    waves.push([...new Set(answer.steps.map(({ kind }) => kind))].join(' '))
    facts = answer.steps.reduce(predictRecovering, facts)
  }
  return waves
}

test('the order, from wherever it was cut off', () => {
  const all = ['fence', 'copy', 'place', 'begin', 'clear', 'verify', 'release', 'release']
  expect(wavesFrom(begin(undefined))).toEqual(all)
  const left = MILESTONES.map((reached) => wavesFrom(begin(reached)))
  expect(left).toEqual([0, 2, 2, 3, 4, 5].map((done) => all.slice(done)))
})

test('alone, the surviving member has no other to wait for', () => {
  const alone = { ...begin('serving'), others: [] }
  expect(wavesFrom(alone)).toEqual(['verify', 'release'])
})

test("a member that can't join keeps the others marked, and says why", () => {
  const { observed } = joining
  const away = { ...observed, hosts: { ...observed.hosts } }
  const marked = { verb: 'restore', command: 'quorate restore x', all: {} }
  const [first = ''] = OTHERS
  const host = observed.hosts[first]
  if (host === undefined) throw new TypeError('no host')
  away.hosts = { ...away.hosts, [first]: { ...host, underway: marked } }
  const answer = nextRecovery({ ...begin('cleared'), joining: { ...joining, observed: away } })
  expect(answer).toMatchObject({ kind: 'blocked', reasons: [{ host: first }] })
})

test('a step fails because the new cluster has no quorum: the fix names another recovery', () => {
  const { observed } = joining
  const silent = { ...observed, cluster: undefined }
  const failure = new QuorateError('command', 'etcd.service did not start', { hint: 'the first fix' })
  const { hint } = QuorateError.from(withAnother(failure, silent, ['etcd03']), 'usage', '')
  expect(hint).toContain('the first fix')
  expect(hint).toContain('quorate recover --abandon --lost etcd03')
  expect(hint).toContain('quorate recover --lost etcd03')
  // No node was declared lost, or the cluster answers.
  expect(withAnother(failure, silent, [])).toBe(failure)
  expect(withAnother(failure, observed, ['etcd03'])).toBe(failure)
  const bug = new TypeError('a bug')
  expect(withAnother(bug, silent, ['etcd03'])).toBe(bug)
})

test('killed anywhere, any number of times: members are stopped during the copy, the surviving member is released last, it ends', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 200 }), { maxLength: 20 }), (cuts) => {
      const wrong: (string | undefined)[] = []
      const machines: Machines = {
        reached: undefined,
        stopped: new Set(),
        released: new Set(),
        copied: false,
        verified: false,
      }
      for (const cut of [...cuts, Infinity]) {
        // A run knows of earlier ones only what the surviving member's marker says.
        let facts = begin(machines.reached)
        for (let left = cut; left >= 0;) {
          const answer = nextRecovery(facts)
          if (answer.kind !== 'steps') break
          const survive = answer.steps.slice(0, left)
          wrong.push(...survive.map((step) => carryOut(machines, step)))
          facts = survive.reduce(predictRecovering, facts)
          left -= answer.steps.length
          machines.reached = facts.reached
        }
        if (machines.released.has(SURVIVOR)) break
      }
      expect(wrong.filter((one) => one !== undefined)).toEqual([])
      expect([...machines.released].toSorted()).toEqual([...OTHERS, SURVIVOR].toSorted())
    }),
  )
})

/** The nodes, as far as the order matters. */
interface Machines {
  reached: RecoveryMilestone | undefined
  readonly stopped: Set<string>
  readonly released: Set<string>
  copied: boolean
  verified: boolean
}

/** Does the step. @returns what is wrong with doing it now; undefined: nothing */
function carryOut(machines: Machines, step: RecoveryStep | Step): string | undefined {
  if (!isRecoveryStep(step)) {
    machines.verified ||= step.kind === 'verify'
    return undefined
  }
  const wrong = whatIsWrong(machines, step)
  if (step.kind === 'fence') machines.stopped.add(step.host)
  if (step.kind === 'copy') machines.copied = true
  if (step.kind === 'release') machines.released.add(step.host)
  return wrong
}

function whatIsWrong(
  { stopped, released, copied, verified }: Machines,
  step: RecoveryStep,
): string | undefined {
  switch (step.kind) {
    case 'fence':
      return copied ? 'stopped, but already replaced' : undefined
    case 'copy':
      return stopped.size < 3 ? 'not all stand still beneath the copy' : undefined
    case 'place':
      return copied ? undefined : 'no copy'
    case 'release':
      if (!verified) return 'not verified'
      return step.host === SURVIVOR && released.size < OTHERS.length
        ? 'the survivor is let go first'
        : undefined
    default:
      return undefined
  }
}
