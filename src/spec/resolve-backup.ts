/** The cluster file's `backup`, with paths absolute and defaults filled in. */
import type { BackupSpec, StoreLocation } from './backup.ts'
import { BACKUP_DEFAULTS } from './defaults.ts'
import type { ClusterFile } from './schema.ts'

type Written = NonNullable<ClusterFile['backup']>
type Local = (path: string) => string

export function resolveBackup({ store, recipients, schedule }: Written, local: Local): BackupSpec {
  return {
    store: store === undefined ? undefined : location(store, local),
    recipients: recipients ?? [],
    schedule:
      schedule === undefined
        ? undefined
        : {
            node: schedule.node,
            every: schedule.every ?? BACKUP_DEFAULTS.every,
            keep: {
              hourly: schedule.keep?.hourly ?? BACKUP_DEFAULTS.keep.hourly,
              daily: schedule.keep?.daily ?? BACKUP_DEFAULTS.keep.daily,
              weekly: schedule.keep?.weekly ?? BACKUP_DEFAULTS.keep.weekly,
              monthly: schedule.keep?.monthly ?? BACKUP_DEFAULTS.keep.monthly,
            },
          },
  }
}

function location({ directory, s3 }: NonNullable<Written['store']>, local: Local): StoreLocation | undefined {
  if (directory !== undefined) return { kind: 'directory', path: local(directory) }
  if (s3 === undefined) return undefined
  return {
    kind: 's3',
    bucket: s3.bucket,
    prefix: (s3.prefix ?? '').replaceAll(/^\/+|\/+$/g, ''),
    endpoint: s3.endpoint,
    region: s3.region ?? BACKUP_DEFAULTS.region,
    ca: s3.ca === undefined ? undefined : local(s3.ca),
    pathStyle: s3.pathStyle ?? s3.endpoint !== undefined,
    credentials: s3.credentials === undefined ? undefined : local(s3.credentials),
    lockDays: s3.lockDays,
  }
}
