/** What `backup schedule` must not do, by name. */
import { violationOf } from '../violation.ts'

export const SCHEDULE_INVARIANTS = {
  'never-two': 'no two nodes take the backups at once, while all can be looked at',
  'one-schedule': 'done means that the node that was named takes the backups, and no other one',
  'its-certificate': 'a timer runs only where the certificate is that of the key beside it',
  counts: 'the signatures of the node that takes the backups count',
  'none-left': 'a schedule that was removed leaves nothing on its machine',
  'backups-kept': 'backups that were taken stay, and are root’s once there is no schedule',
  'one-operator': 'only the operator who holds the lock changes anything',
  finishes: 'after the last fault the same command ends in done',
} as const

export type ScheduleInvariant = keyof typeof SCHEDULE_INVARIANTS

export class ScheduleViolation extends violationOf(SCHEDULE_INVARIANTS) {}
