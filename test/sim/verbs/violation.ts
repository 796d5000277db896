/** What no command may do, by name, in addition to the rules for the planner of `apply`. */
import { violationOf } from '../violation.ts'

export const VERB_INVARIANTS = {
  'quorum-stays': 'no member is stopped or restarted so that the quorum is lost, unless that was forced',
  'leader-moved': 'a leader is not stopped or restarted while another member could lead',
  'one-away': 'no member has its turn before the one before it is well again',
  'as-agreed': 'only what was shown is done, to whom it was shown',
  'as-shown': 'what is done under the lock is what was agreed to, or nothing is',
  'nothing-before-yes': 'nothing is changed before somebody has agreed',
  'stays-stopped': 'a member that was stopped stays so until its start is asked for',
  'member-kept': 'a single member is not reset while the cluster counts on it',
  'data-kept': 'no data is removed unless that was asked for: it lies aside',
  'serves-until-ready': 'no member is stopped for a restore before all have what it puts in place',
  'all-exchanged': 'no member starts with restored data while another has its old data still',
  'runs-on': 'certificates are renewed, and nothing else is done to a member, which runs on',
  'fit-to-lead': 'leadership goes to a voting member that is not far behind, and to no other',
  'repaired-from-others': 'a member is recreated only while a quorum of the others has good data and answers',
  'only-the-damaged': 'no member is recreated that nothing is wrong with',
  'kept-away': 'while a verb is half done on a machine no other one changes anything there',
  'one-operator': 'only the operator who holds the lock changes anything',
  'ends-with-reason': 'what is refused has a reason and a hint',
  effect: 'what is done leaves its trace',
  'done-is-done': 'done means what was asked for',
  finishes: 'after the last fault the cluster comes to rest, whole',
} as const

export type VerbInvariant = keyof typeof VERB_INVARIANTS

export class VerbViolation extends violationOf(VERB_INVARIANTS) {}
