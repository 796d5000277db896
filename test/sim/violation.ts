/** What must never happen, by name. The simulation stops at the first. */
export const INVARIANTS = {
  'one-cluster': 'members of one cluster file begin one cluster, and never a second',
  'no-amnesia': 'a member that lost its data after the cluster was verified never starts',
  'no-new-start': 'a pinned member is never started with the state `new`',
  'no-refused-start':
    'no member is started with an etcd that refuses its data or its cluster, or is two minors above it',
  'no-data-removed': 'no data directory is removed',
  'quorum-kept': 'nothing that a run does takes the voters below their quorum',
  'one-change': 'one change of the membership at a time, and none while a newcomer is on its way',
  'others-well': 'a member is restarted only while all others are there, up to date and of the same contents',
  'leader-last': 'a leader is restarted last, and not before it has handed its leadership on',
  'only-what-differs': 'only members that run with what they should not are restarted',
  'aside-after-leaving': 'data is moved aside only after its member has left the cluster',
  'verified-pin': 'only a verified cluster is pinned',
  'ends-with-reason': 'every run ends in done, or says why not and what to do',
  'done-is-done':
    'done means: exactly the members of the file run, are healthy and pinned, and everything is as the file wants it',
  'all-or-nothing':
    'what is refused in the end is refused before anything is done, unless something happens meanwhile',
  converges: 'after the last fault, repeated runs come to rest',
  finishes: 'where nothing was lost or changed by hand, they come to rest at done',
  'plan-ends': 'the whole plan, foreseen from what was seen, has an end',
  effect: 'no wave is repeated without effect',
  'no-lockout':
    'no member is started so that it turns away another one, whose certificate lacks the name by which members know each other',
  'keys-stay': 'no private key is part of a step',
  'api-kept': 'an API server that serves is taken away only while all others serve',
  'one-server': 'no wave takes away two API servers that serve, whatever a look found of them',
  'second-run': 'a run after one that ended in done has nothing to do',
  'one-operator': 'only the operator who holds the lock changes anything',
} as const

/** Those that lives with Kubernetes show (`test/sim/kubernetes/`). */
export const OF_KUBERNETES: readonly (keyof typeof INVARIANTS)[] = ['api-kept', 'one-server', 'second-run']

export type Invariant = keyof typeof INVARIANTS

export class Violation extends violationOf(INVARIANTS) {}

/** @param rules what each of them demands, by name. @returns the class of violations; a subclass gives it its name. */
export function violationOf<Rule extends string>(rules: Readonly<Record<Rule, string>>) {
  return class extends Error {
    override readonly name: string
    readonly invariant: Rule

    constructor(invariant: Rule, what: string) {
      super(`${invariant} (${rules[invariant]}): ${what}`)
      this.name = new.target.name
      this.invariant = invariant
    }
  }
}
