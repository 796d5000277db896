/** The risks of a member change to show before the confirmation, a sentence each. */
import { supportsLearners } from '../../../etcd/versions.ts'
import type { Arithmetic } from './member-arithmetic.ts'
import type { Observed } from '../facts/observed.ts'
import type { Step } from '../steps/steps.ts'
import type { MemberChange } from '../../../cluster-file/membership-edit.ts'
import { counted } from '../../../spec/units.ts'

export interface Foreseen {
  readonly figures: Arithmetic
  readonly steps: readonly Step[]
  readonly observed: Observed
  readonly unreachable: readonly string[]
}

export function membershipRisks(
  { wanted, recreated, leaving }: Pick<MemberChange, 'wanted' | 'recreated' | 'leaving'>,
  { figures, steps, observed, unreachable }: Foreseen,
): readonly string[] {
  const { before, after, fewestMayFail } = figures
  const changes = steps.some(
    ({ kind }) => kind === 'member-add' || kind === 'member-remove' || kind === 'promote',
  )
  const restarts = steps.flatMap((step) => (step.kind === 'restart' ? [step.host] : []))
  const gone = steps.flatMap((step) =>
    step.kind === 'member-remove' ? [step.name || `member ${step.memberId}`] : [],
  )
  const idle = recreated.filter(({ node }) => {
    const state = observed.hosts[node.name]?.member
    const runs = state?.unit.active === 'active' || state?.unit.active === 'activating'
    return state?.dataPresent === true && state.walPresent && !runs
  })
  return [
    ...(changes && fewestMayFail < Math.min(before.mayFail, after.mayFail)
      ? [
          `at the weakest moment, ${fewestMayFail <= 0 ? 'no member' : `only ${counted(fewestMayFail, 'member')}`} may fail`,
        ]
      : []),
    ...(after.voters % 2 === 0
      ? [
          `${counted(after.voters, 'member')} tolerate no more failures than ${after.voters - 1} (${after.mayFail}), and ${after.quorum} must agree: an odd number is better`,
        ]
      : []),
    ...(changes && after.voters < before.voters && after.mayFail < before.mayFail
      ? [
          `afterwards ${after.mayFail === 0 ? 'no member' : `only ${counted(after.mayFail, 'member')}`} may fail; now ${before.mayFail} may`,
        ]
      : []),
    ...(steps.some((step) => step.kind === 'member-add' && !step.learner) &&
    !supportsLearners(wanted.etcd.version)
      ? [
          `etcd ${wanted.etcd.version} has no learners: a new member votes before it has started${before.voters === 1 ? ', and until then reads and writes fail' : ''}`,
        ]
      : []),
    ...(gone.length > 0 ? [`${gone.join(', ')}: a removed member can never return with its old data`] : []),
    ...idle.map(
      ({ node }) => `${node.name} still has its data; perhaps a start is enough: quorate start ${node.name}`,
    ),
    ...leaving
      .filter(({ name }) => unreachable.includes(name))
      .map(
        ({ name }) =>
          `${name} is unreachable, so its etcd is not stopped and its data is not renamed; if it comes back, its etcd learns of its removal and exits`,
      ),
    ...(restarts.length > 0
      ? [`the cluster file also requires restarts: ${[...new Set(restarts)].join(', ')}`]
      : []),
  ]
}
