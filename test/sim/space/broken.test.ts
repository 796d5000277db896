import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { brokenRules } from '../lives.ts'
import type { Next } from '../../../src/engine/step.ts'
import type { Standing } from '../../../src/tiers/etcd/facts/standing.ts'
import type { SpaceFacts, SpaceStep } from '../../../src/tiers/etcd/steps/space.ts'
import type { SpaceVerb } from '../../../src/verbs/space/run.ts'
import { type Broken, live, spaceLife } from './life.ts'
import { SPACE_INVARIANTS, type SpaceInvariant, SpaceViolation } from './violation.ts'

type AnyVerb = <F extends SpaceFacts>(verb: SpaceVerb<F>) => SpaceVerb<F>

/** It sees a wrong state. */
function seeing(change: (standing: Standing) => Standing): AnyVerb {
  return (verb) => ({
    ...verb,
    begin: (standing) => verb.begin(change(standing)),
    plan: (facts) => verb.plan({ ...facts, standing: change(facts.standing) }),
    decide: (facts) => verb.decide({ ...facts, standing: change(facts.standing) }),
  })
}

/** It does the wrong thing. */
function doing(change: (steps: readonly SpaceStep[]) => readonly SpaceStep[]): AnyVerb {
  return (verb) => ({
    ...verb,
    plan: (facts) => {
      const plan = verb.plan(facts)
      return { ...plan, steps: change(plan.steps) }
    },
    decide: (facts) => {
      const answer = verb.decide(facts)
      if (answer.kind !== 'steps') return answer
      const steps = change(answer.steps)
      return steps.length === 0 ? { kind: 'done' } : { kind: 'steps', steps }
    },
  })
}

const members = (change: (member: Standing['members'][number]) => object) =>
  seeing((standing) => ({
    ...standing,
    members: standing.members.map((member) => ({ ...member, ...change(member) })),
  }))

const refusing = (hint: string | undefined): AnyVerb => {
  const reasons = [{ message: 'no', hint }]
  const answer: Next<SpaceStep> = { kind: 'blocked', reasons }
  return (verb) => ({
    ...verb,
    plan: () => ({ steps: [], blocked: reasons, risks: [] }),
    decide: () => answer,
  })
}

const BROKEN: readonly (Broken & { readonly what: string; readonly breaks: SpaceInvariant })[] = [
  { what: 'takes everybody for well', breaks: 'others-well', verb: members(() => ({ healthy: true })) },
  {
    what: 'overlooks that contents differ',
    breaks: 'in-doubt',
    verb: seeing((standing) => ({
      ...standing,
      alarms: standing.alarms.filter(({ type }) => type !== 'CORRUPT'),
    })),
  },
  {
    what: 'leaves leadership where it is',
    breaks: 'leader-moved',
    verb: doing((steps) => steps.filter(({ kind }) => kind !== 'move-leader')),
  },
  {
    what: 'takes every file for small',
    breaks: 'room-first',
    verb: members(({ space }) => ({ space: space && { ...space, sizeBytes: 0 } })),
  },
  {
    what: 'takes every file for empty',
    breaks: 'worth-it',
    verb: members(({ space }) => ({ space: space && { ...space, inUseBytes: 0 } })),
  },
  {
    what: 'removes more history than was asked for',
    breaks: 'as-agreed',
    verb: doing((steps) =>
      steps.map((step) => (step.kind === 'compact' ? { ...step, revision: step.revision + 50 } : step)),
    ),
  },
  {
    what: 'shows less than it does',
    breaks: 'as-shown',
    verb: (verb) => ({
      ...verb,
      plan: (facts) => {
        const plan = verb.plan(facts)
        return { ...plan, steps: plan.steps.slice(1) }
      },
    }),
  },
  {
    what: 'forgets what it has done',
    breaks: 'effect',
    verb: (verb) => {
      const first = (facts: Parameters<typeof verb.plan>[0]) =>
        verb.plan(facts).steps.filter(({ kind }) => kind === 'compact')
      return {
        ...verb,
        plan: (facts) => ({ steps: first(facts), blocked: [], risks: [] }),
        decide: (facts) => {
          const steps = first({ ...facts, progress: { ...facts.progress, compacted: false } })
          return steps.length === 0 ? { kind: 'done' } : { kind: 'steps', steps }
        },
      }
    },
  },
  {
    what: 'leaves the alarm raised',
    breaks: 'done-is-done',
    verb: doing((steps) => steps.filter(({ kind }) => kind !== 'disarm' && kind !== 'prove-write')),
  },
  { what: 'never does anything', breaks: 'finishes', verb: refusing('wait') },
  { what: 'says nothing of what could be done', breaks: 'ends-with-reason', verb: refusing(undefined) },
  { what: 'heeds no lock', breaks: 'one-operator', lockless: true },
]

const lives = fc.sample(spaceLife, { numRuns: 400, seed: 20_261_130 })

test.each(BROKEN)('a command that $what is caught: $breaks', async ({ breaks, ...wrong }) => {
  const broken = await brokenRules(lives, async (life) => await live(life, wrong), breaks, [SpaceViolation])
  expect(broken).toContain(breaks)
})

test('every invariant has one that breaks it', () => {
  expect(BROKEN.map(({ breaks }) => breaks).toSorted()).toEqual(Object.keys(SPACE_INVARIANTS).toSorted())
})
