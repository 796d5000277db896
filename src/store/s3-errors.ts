/** Errors of an S3 service, or of the connection to it, in an operator's words, and what is still safe. */
import type { IdOf } from '../error-ids.ts'
import { QuorateError } from '../errors.ts'
import { oneLine } from '../spec/visible.ts'

interface Case {
  readonly id: IdOf<'store'>
  /** Names of errors in the service or Node.js. */
  readonly names: readonly string[]
  readonly says: (title: string) => string
  readonly hint: string
}

const CASES: readonly Case[] = [
  {
    id: 'no-such-bucket',
    names: ['NoSuchBucket'],
    says: (title) => `${title}: there is no such bucket`,
    hint: 'make it, with object lock if backups are to be kept from removal; or correct backup.store.s3',
  },
  {
    id: 'access-key-is-not-accepted',
    names: ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidClientTokenId', 'ExpiredToken'],
    says: (title) => `${title}: the access key is not accepted`,
    hint: 'see backup.store.s3.credentials, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  },
  {
    id: 'access-key-lacks-rights',
    names: ['AccessDenied', 'Forbidden', '403'],
    says: (title) => `${title}: this access key may not do that`,
    hint: 'grant s3:ListBucket, GetObject, PutObject, AbortMultipartUpload, ListBucketMultipartUploads, and to prune s3:DeleteObject',
  },
  {
    id: 'bucket-in-another-region',
    names: ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'],
    says: (title) => `${title}: the bucket is in another region`,
    hint: 'correct backup.store.s3.region',
  },
  {
    id: 'clocks-differ',
    names: ['RequestTimeTooSkewed'],
    says: (title) => `${title}: the clock of this workstation differs too much from the service's`,
    hint: 'set the clock right',
  },
  {
    id: 'no-room',
    names: ['QuotaExceeded', 'InsufficientStorage', 'XMinioStorageFull', '507'],
    says: (title) => `${title} is full`,
    hint: 'free space (quorate backup prune), or choose another location with --store',
  },
  {
    id: 'certificate-is-not-trusted',
    names: [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'CERT_HAS_EXPIRED',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    says: (title) => `${title}: its certificate is not trusted`,
    hint: 'name the CA that it is from: backup.store.s3.ca',
  },
  {
    id: 'service-is-unreachable',
    names: ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'TimeoutError'],
    says: (title) => `${title} can't be reached`,
    hint: 'check that it is running, and that backup.store.s3.endpoint is correct; existing backups are unchanged',
  },
]

/** What the service says in words of its own, such as SlowDown. */
const OTHER: Case = {
  id: 'request-failed',
  names: [],
  says: (title) => title,
  hint: 'rerun the command (the partial backup was deleted; existing backups are unchanged)',
}

/** @param doing for the rest: `prod-….bundle.age was not stored` */
export function s3Error(error: unknown, title: string, doing: string): QuorateError {
  if (error instanceof QuorateError) return error
  const names = namesOf(error)
  const known = CASES.find((one) => one.names.some((name) => names.includes(name))) ?? OTHER
  const message = oneLine(error instanceof Error ? error.message : String(error), 500)
  const { id, says, hint } = known
  return new QuorateError('store', `${doing}: ${says(title)} (${message})`, { id, hint, cause: error })
}

/** Whether the service says that there is no such object. */
export function isMissing(error: unknown): boolean {
  return namesOf(error).some((name) => ['NoSuchKey', 'NotFound'].includes(name))
}

/** The names of the error and its causes, and its HTTP status. */
export function namesOf(error: unknown): readonly string[] {
  const { name, code, Code, cause, $metadata } = (error ?? {}) as {
    readonly name?: string
    readonly code?: string
    readonly Code?: string
    readonly cause?: unknown
    readonly $metadata?: { readonly httpStatusCode?: number }
  }
  const own = [name, code, Code, $metadata?.httpStatusCode?.toString()]
  const below = cause === undefined || cause === error ? [] : namesOf(cause)
  return [...own.filter((one) => one !== undefined), ...below]
}
