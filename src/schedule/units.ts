/** The service that takes one backup, and the timer that starts it. */
import { QuorateError } from '../errors.ts'
import type { StoreLocation } from '../spec/backup.ts'
import service from './quorate-backup.service?raw'
import timer from './quorate-backup.timer?raw'

export interface UnitOptions {
  readonly cluster: string
  /** OnCalendar, as systemd accepts it. */
  readonly every: string
  /** Time between two runs, in seconds. */
  readonly periodSeconds: number
  readonly store: StoreLocation
}

/** Maximum random delay of a backup, in seconds; also at most a twelfth of the period. */
const MOST_DELAY_SECONDS = 300

export function serviceUnit({ cluster, store }: Pick<UnitOptions, 'cluster' | 'store'>): string {
  const writable = store.kind === 'directory' ? `ReadWritePaths=${checkStoreFolder(store.path)}\n` : ''
  return service.replace('@CLUSTER@', cluster).replace('@WRITABLE@\n', writable)
}

export function timerUnit({ cluster, every, periodSeconds }: UnitOptions): string {
  const delay = Math.max(0, Math.min(MOST_DELAY_SECONDS, Math.floor(periodSeconds / 12)))
  return timer
    .replace('@CLUSTER@', cluster)
    .replace('@EVERY@', calendar(every))
    .replace('@DELAY@', String(delay))
}

/** Translates `hour` and `day`, which people use, to systemd's names. */
export function calendar(every: string): string {
  const words: Readonly<Record<string, string>> = {
    hour: 'hourly',
    day: 'daily',
    week: 'weekly',
    month: 'monthly',
  }
  return Object.hasOwn(words, every) ? (words[every] ?? every) : every
}

/** @throws QuorateError `usage` for a path that a unit can't contain, or the service can't see */
function checkStoreFolder(folder: string): string {
  if (!/^(?:\/[\w.@:+-]+)+$/.test(folder)) {
    throw new QuorateError('usage', `'${folder}' can't be the store of a schedule`, {
      id: 'unfit-store-directory',
      hint: 'use an absolute path of letters, digits and . _ - + : @, such as /srv/backups',
    })
  }
  if (!/^\/(?:home|root|tmp|var\/tmp|run\/user|dev|proc|sys|boot|etc|usr|bin|lib|sbin)(?:\/|$)/.test(folder))
    return folder
  throw new QuorateError('usage', `the backup service can't access '${folder}'`, {
    id: 'unfit-backup-directory',
    hint: 'use a separate directory outside of homes, temporary files and the system, such as /srv/backups',
  })
}
