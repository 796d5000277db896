import type { IdOf } from '../error-ids.ts'
import { QuorateError } from '../errors.ts'

interface DamageDetails {
  readonly id?: IdOf<'backup'>
  readonly cause?: unknown
}

/** @param why as in `the backup b is damaged: WHY` */
export function damaged(name: string, why: string, details: DamageDetails = {}): QuorateError {
  const { id, cause }: DamageDetails = { id: 'damaged-backup', ...details }
  return new QuorateError('backup', `the backup ${name} is damaged: ${why}`, {
    id,
    hint: 'choose another backup: quorate backup list',
    cause,
  })
}
