/** The syntax of the cluster file's `backup`. */
import * as z from 'zod'
import {
  checkBucket,
  checkCalendar,
  checkObjectPrefix,
  checkRecipient,
  checkRegion,
} from './backup-values.ts'
import { BACKUP_DEFAULTS } from './defaults.ts'
import { localPath, name, ONE_KEY, text } from './schema-parts.ts'
import * as values from './values.ts'

const count = (what: string, standard: number) =>
  z.int().min(0).max(1000).meta({ description: what, default: standard }).optional()

const s3 = z.strictObject({
  bucket: text(checkBucket, 'The bucket. It has to exist.', { examples: ['etcd-backups'] }),
  prefix: text(checkObjectPrefix, 'Before the name of each backup, like a directory.', {
    examples: ['prod'],
  }).optional(),
  endpoint: text(values.checkHttpUrl, "URL of the S3 service. Default: Amazon's, of the region.").optional(),
  region: text(checkRegion, 'The region that requests are signed for.', {
    default: BACKUP_DEFAULTS.region,
  }).optional(),
  ca: localPath("The CA that the endpoint's certificate is from (PEM). Default: the system's.").optional(),
  pathStyle: z
    .boolean()
    .meta({
      description: 'endpoint/bucket/name instead of bucket.endpoint/name. Default: true with an endpoint.',
    })
    .optional(),
  credentials: localPath(
    'A private file with accessKeyId and secretAccessKey (YAML). Default: the AWS_* variables of the environment.',
  ).optional(),
  lockDays: z
    .int()
    .min(1)
    .max(3650)
    .meta({ description: 'No one can remove a backup for this many days; the bucket needs object lock.' })
    .optional(),
})

const store = z
  .strictObject({
    directory: localPath('A directory on the host that takes the backup.').optional(),
    s3: s3.meta({ description: 'A bucket of any S3 service.' }).optional(),
  })
  .meta({ description: 'Where backups are kept.', ...ONE_KEY })

const schedule = z.strictObject({
  node: name('The node that takes them. Default: the first with the role service.').optional(),
  every: text(checkCalendar, "When: systemd's OnCalendar.", {
    default: BACKUP_DEFAULTS.every,
    examples: ['hourly', 'daily', '*-*-* 03:00:00'],
  }).optional(),
  keep: z
    .strictObject({
      hourly: count('The newest backup of each of this many hours.', BACKUP_DEFAULTS.keep.hourly),
      daily: count('The newest backup of each of this many days.', BACKUP_DEFAULTS.keep.daily),
      weekly: count('The newest backup of each of this many weeks.', BACKUP_DEFAULTS.keep.weekly),
      monthly: count('The newest backup of each of this many months.', BACKUP_DEFAULTS.keep.monthly),
    })
    .meta({ description: 'Retention policy: how many backups stay.' })
    .optional(),
})

export const backup = z.strictObject({
  store: store.optional(),
  recipients: z
    .array(
      text(checkRecipient, "An age public key, like age1… or age1pq1…: of a key that isn't on the nodes."),
    )
    .meta({
      description: 'Who can open the backups. age public keys. Default: quorate asks for a passphrase.',
      default: [],
    })
    .optional(),
  schedule: schedule.meta({ description: 'Scheduled backups, which a node takes.' }).optional(),
})
