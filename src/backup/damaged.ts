import { QuorateError } from '../errors.ts'

/** @param why as in `the backup b is damaged: WHY` */
export function damaged(name: string, why: string, cause?: unknown): QuorateError {
  return new QuorateError('backup', `the backup ${name} is damaged: ${why}`, {
    hint: 'choose another backup: quorate backup list',
    cause,
  })
}
