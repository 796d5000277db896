/** What a recovery must not do, by name, in addition to the rules for every command. */
import { violationOf } from '../../violation.ts'

export const RECOVERY_INVARIANTS = {
  'writes-kept': 'no acknowledged write that the best log has is lost',
  'best-log': 'the survivor has the best log of those that can be read, unless another was named',
  'revisions-once': 'no revision that a client was given is given out again',
  'put-back': 'given up, every member has the data that it had',
  clean: 'at the end no machine is marked, nothing is held back, no copy lies there',
  locked: 'only machines are changed on which the lock was taken',
  converges: 'the same command again comes to an end',
} as const

export class RecoveryViolation extends violationOf(RECOVERY_INVARIANTS) {}
