/** What the storage commands must never do, by name. */
import { violationOf } from '../violation.ts'

export const SPACE_INVARIANTS = {
  'others-well': 'no member is defragmented while another one is away, unless writes are refused anyway',
  'leader-moved': 'a leader is not defragmented while another member could lead',
  'in-doubt': 'nothing is removed, rewritten or disarmed while contents are in doubt',
  'room-first': 'the alarm is disarmed only where there is room',
  'worth-it': 'no member stands still for nothing, unless that was asked for',
  'as-agreed': 'only what was shown is done',
  'as-shown': 'what is shown is what the steps, one after the other, come to',
  'one-operator': 'only the operator who holds the lock changes anything',
  'ends-with-reason': 'what is refused has a reason and a hint',
  effect: 'no step is repeated without effect',
  'done-is-done': 'done means what was asked for',
  finishes: 'after the last fault a run ends in done, or refuses for a reason that is true',
} as const

export type SpaceInvariant = keyof typeof SPACE_INVARIANTS

export class SpaceViolation extends violationOf(SPACE_INVARIANTS) {}
