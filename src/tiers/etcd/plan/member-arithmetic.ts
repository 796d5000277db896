/** The effect of a member change on the quorum, from its plan: before, at its weakest moment, after. */
import type { ClusterFacts } from '../facts/observed.ts'
import { quorum, tolerance } from '../facts/quorum.ts'
import type { Step } from '../steps/steps.ts'

export interface Arithmetic {
  readonly before: Count
  readonly after: Count
  /** How many members may fail at the weakest moment. */
  readonly fewestMayFail: number
}

export interface Count {
  /** Voting members. */
  readonly voters: number
  /** How many of them must agree. */
  readonly quorum: number
  /** How many may fail, if all are healthy. */
  readonly mayFail: number
}

export function countOf(voters: number): Count {
  return { voters, quorum: quorum(voters), mayFail: tolerance(voters) }
}

/** `steps` in the order of their stages, as `plan` predicts them. */
export function arithmetic(facts: ClusterFacts, steps: readonly Step[]): Arithmetic {
  let voters = facts.members.filter(({ learner }) => !learner).length
  let healthy = facts.healthy.length
  const before = countOf(voters)
  let fewest = healthy - quorum(voters)
  const awaited = new Set<string>()
  for (const step of steps) {
    if (step.kind === 'member-add' && !step.learner) {
      voters += 1
      awaited.add(step.node)
    } else if (step.kind === 'start' && awaited.delete(step.host)) healthy += 1
    else if (step.kind === 'promote') {
      voters += 1
      healthy += 1
    } else if (step.kind === 'member-remove') {
      const member = facts.members.find(({ id }) => id === step.memberId)
      if (member?.learner !== true) voters -= 1
      if (facts.healthy.includes(step.name)) healthy -= 1
    } else continue
    fewest = Math.min(fewest, healthy - quorum(voters))
  }
  return { before, after: countOf(voters), fewestMayFail: fewest }
}
