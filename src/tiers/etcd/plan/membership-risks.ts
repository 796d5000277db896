/** What whoever agrees to a change of the members should have read, a sentence each. */
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
  { wanted, anew, leaving }: Pick<MemberChange, 'wanted' | 'anew' | 'leaving'>,
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
  const idle = anew.filter(({ node }) => {
    const state = observed.hosts[node.name]?.member
    const runs = state?.unit.active === 'active' || state?.unit.active === 'activating'
    return state?.dataPresent === true && state.walPresent && !runs
  })
  return [
    ...(changes && fewestMayFail < Math.min(before.mayFail, after.mayFail)
      ? [`at the weakest moment ${fewestMayFail <= 0 ? 'no' : `only ${fewestMayFail}`} member may fail`]
      : []),
    ...(after.voters % 2 === 0
      ? [
          `${counted(after.voters, 'member')} bear no more failures than ${after.voters - 1} (${after.mayFail}), and ${after.quorum} of them must agree: an odd number is better`,
        ]
      : []),
    ...(changes && after.voters < before.voters && after.mayFail < before.mayFail
      ? [
          `afterwards ${after.mayFail === 0 ? 'no member' : `only ${after.mayFail}`} may fail; now ${before.mayFail} may`,
        ]
      : []),
    ...(steps.some((step) => step.kind === 'member-add' && !step.learner) &&
    !supportsLearners(wanted.etcd.version)
      ? [
          `etcd ${wanted.etcd.version} knows no learners: a newcomer has its vote before it has started${before.voters === 1 ? ', and until it has, nothing can be read or written' : ''}`,
        ]
      : []),
    ...(gone.length > 0 ? [`${gone.join(', ')}: what is removed never comes back with its old data`] : []),
    ...idle.map(
      ({ node }) => `${node.name} still has its data, and may only want a start: quorate start ${node.name}`,
    ),
    ...leaving
      .filter(({ name }) => unreachable.includes(name))
      .map(
        ({ name }) =>
          `${name} can't be reached, and is not cleared now; should it come back, its etcd learns that it was removed and ends`,
      ),
    ...(restarts.length > 0
      ? [`the cluster file asks for restarts besides: ${[...new Set(restarts)].join(', ')}`]
      : []),
  ]
}
