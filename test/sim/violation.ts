/** What must never happen, by name. The simulation stops at the first. */
export const INVARIANTS = {
  'one-cluster': 'members of one cluster file begin one cluster, and never a second',
  'no-amnesia': 'a member that lost its data after the cluster was verified never starts',
  'no-new-start': 'a pinned member is never started with the state `new`',
  'no-data-removed': 'no data directory is removed',
  'no-quorum-lost': 'no run takes a running member away',
  'verified-pin': 'only a verified cluster is pinned',
  'ends-with-reason': 'every run ends in done, or says why not and what to do',
  'done-is-done':
    'done means: members run, are healthy and pinned, and everything is as the cluster file wants it',
  converges: 'after the last fault, repeated runs come to rest',
  finishes: 'where nothing was lost or changed by hand, they come to rest at done',
  effect: 'no wave is repeated without effect',
  'keys-stay': 'no private key is part of a step',
  'one-operator': 'only the operator who holds the lock changes anything',
} as const

export type Invariant = keyof typeof INVARIANTS

export class Violation extends Error {
  override readonly name = 'Violation'
  readonly invariant: Invariant

  constructor(invariant: Invariant, what: string) {
    super(`${invariant} (${INVARIANTS[invariant]}): ${what}`)
    this.invariant = invariant
  }
}
