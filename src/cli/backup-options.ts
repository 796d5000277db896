/** Options that the backup commands share: location, recipients, identity. */
import path from 'node:path'
import type { Sealing, Secret } from '../backup/sealing.ts'
import { QuorateError } from '../errors.ts'
import { checkBucket, checkObjectPrefix, checkRecipient } from '../spec/backup-values.ts'
import type { StoreLocation } from '../spec/backup.ts'
import type { Cluster } from '../spec/cluster.ts'
import { BACKUP_DEFAULTS } from '../spec/defaults.ts'
import { newPassphrase, passphraseSource, secretLines } from './ask.ts'
import { type CommandInput, flagOption, textOption } from './command.ts'
import type { CliContext } from './context.ts'

/** @throws QuorateError `usage` if there is none */
export function storeLocation(cluster: Pick<Cluster, 'backup'>, input: CommandInput): StoreLocation {
  const given = textOption(input, 'store')
  if (given !== undefined) return given.startsWith('s3://') ? bucketAt(given, cluster) : folderAt(given)
  const known = cluster.backup?.store
  if (known !== undefined) return known
  throw new QuorateError('usage', 'no backup location: the cluster file has no backup.store', {
    id: 'no-backup-location',
    hint: 'set backup.store in the cluster file, or rerun with --store DIR or --store s3://bucket/prefix',
  })
}

function folderAt(folder: string): StoreLocation {
  return { kind: 'directory', path: path.resolve(folder) }
}

/** Everything else comes from the cluster file, or from the environment variables of S3 tools. */
function bucketAt(url: string, { backup }: Pick<Cluster, 'backup'>): StoreLocation {
  const [bucket = '', ...rest] = url.slice('s3://'.length).replace(/\/+$/, '').split('/')
  const prefix = rest.join('/')
  const complaint = checkBucket(bucket) ?? (prefix === '' ? undefined : checkObjectPrefix(prefix))
  if (complaint !== undefined)
    throw new QuorateError('usage', `--store ${url}: ${complaint.message}`, { hint: complaint.hint })
  if (backup?.store?.kind === 's3') return { ...backup.store, bucket, prefix }
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_CA_BUNDLE } = process.env
  const endpoint = AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL
  return {
    kind: 's3',
    bucket,
    prefix,
    endpoint,
    region: AWS_REGION ?? BACKUP_DEFAULTS.region,
    ca: AWS_CA_BUNDLE,
    pathStyle: endpoint !== undefined,
    credentials: undefined,
    lockDays: undefined,
  }
}

/** Recipients from the command line, else from the cluster file; may be empty. @throws QuorateError `usage` */
export function recipientsFor(cluster: Cluster, input: CommandInput): readonly string[] {
  const given = input.options['recipient']
  const own = Array.isArray(given) ? given.map(String) : []
  const recipients = own.length > 0 ? own : (cluster.backup?.recipients ?? [])
  for (const recipient of recipients) {
    const complaint = checkRecipient(recipient)
    if (complaint !== undefined)
      throw new QuorateError('usage', `--recipient: ${complaint.message}`, { hint: complaint.hint })
  }
  return recipients
}

/** @throws QuorateError `usage`; `permission` without a terminal to ask for a passphrase */
export async function sealingFor(
  context: CliContext,
  cluster: Cluster,
  input: CommandInput,
): Promise<Sealing> {
  const recipients = recipientsFor(cluster, input)
  if (flagOption(input, 'plaintext')) {
    if (input.options['recipient'] === undefined) return { kind: 'plaintext' }
    throw new QuorateError('usage', '--plaintext and --recipient exclude each other', {
      id: 'conflicting-options',
    })
  }
  if (recipients.length > 0) return { kind: 'recipients', recipients }
  return { kind: 'passphrase', passphrase: await newPassphrase(context, 'the backup') }
}

/** Asks for the secret when it is needed, once. */
export function secretSource(context: CliContext, input: CommandInput): () => Promise<Secret> {
  const file = textOption(input, 'identity')
  let asked: Promise<Secret> | undefined
  return async () => {
    asked ??= file === undefined ? passphrase() : identities(file)
    return await asked
  }

  async function passphrase(): Promise<Secret> {
    return { kind: 'passphrase', passphrase: await passphraseSource(context)('the backup') }
  }
}

/** @throws QuorateError `permission` for a file that others can read, or that has no key */
async function identities(file: string): Promise<Secret> {
  const lines = (await secretLines(file)).map((line) => line.trim())
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'))
  if (keys.length > 0) return { kind: 'identities', identities: keys }
  throw new QuorateError('permission', `${file} contains no age identity`, {
    hint: 'create one with age-keygen: a line that begins with AGE-SECRET-KEY-',
  })
}
