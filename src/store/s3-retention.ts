/** Protects a backup from removal for the days in the cluster file. */
import {
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3'
import { QuorateError } from '../errors.ts'
import type { Bucket } from './s3-client.ts'
import { namesOf, s3Error } from './s3-errors.ts'
import { removeObject } from './s3-remove.ts'
import { counted } from '../spec/units.ts'

/** This finishes even after the caller's signal. In ms. */
const PATIENCE_MS = 20_000

/** COMPLIANCE, because with GOVERNANCE, a stolen administrator's key could remove the backups. */
const MODE = 'COMPLIANCE'

/** Parameters for the request that creates the object. */
export function retention({ location: { lockDays } }: Bucket) {
  if (lockDays === undefined) return {}
  return { ObjectLockMode: MODE, ObjectLockRetainUntilDate: until(lockDays) } as const
}

/** Checks before anything is sent: a bucket without object lock can't protect a backup. @throws QuorateError `store` */
export async function requireLockable(
  { client, title, location }: Bucket,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (location.lockDays === undefined) return
  const request = new GetObjectLockConfigurationCommand({ Bucket: location.bucket })
  try {
    const { ObjectLockConfiguration } = await client.send(
      request,
      signal === undefined ? {} : { abortSignal: signal },
    )
    if (ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled') return
  } catch (error) {
    signal?.throwIfAborted()
    // After the upload, the lock itself is checked too.
    if (!namesOf(error).includes('ObjectLockConfigurationNotFoundError')) return
  }
  throw new QuorateError('store', `${title} has no object lock, and backup.store.s3.lockDays asks for it`, {
    id: 'no-object-lock',
    hint: 'object lock can only be switched on when a bucket is made: name such a one, or leave out lockDays',
  })
}

/**
 * Some services (Ceph 16) ignore a lock that is requested with an upload in parts. So this checks the lock, and
 * requests it again. Removes a backup that can't be locked.
 * @throws QuorateError `store`
 */
export async function requireLock(bucket: Bucket, name: string): Promise<void> {
  const { client, title, key } = bucket
  const { lockDays, bucket: Bucket } = bucket.location
  if (lockDays === undefined) return
  const [object, context] = [{ Bucket, Key: key(name) }, { abortSignal: AbortSignal.timeout(PATIENCE_MS) }]
  try {
    if (await isLocked()) return
    const Retention = { Mode: MODE, RetainUntilDate: until(lockDays) } as const
    await client.send(new PutObjectRetentionCommand({ ...object, Retention }), context)
    if (await isLocked()) return
    throw new QuorateError(
      'store',
      `${title} takes a lock of ${counted(lockDays, 'day')}, and does not keep it`,
      {
        hint: 'use a bucket with object lock, or leave out backup.store.s3.lockDays',
      },
    )
  } catch (error) {
    const refusal = s3Error(error, title, `${name} can't be locked, and is not kept`)
    // If it is locked after all, it can't be removed, and the lock is as requested.
    await removeObject(bucket, name, context.abortSignal).catch((second: unknown) => {
      throw s3Error(second, title, `can't lock ${name} (${refusal.message}): it is stored without a lock`)
    })
    throw refusal
  }

  async function isLocked(): Promise<boolean> {
    const { ObjectLockRetainUntilDate: day } = await client.send(new HeadObjectCommand(object), context)
    return day !== undefined && day.getTime() > Date.now()
  }
}

function until(days: number): Date {
  return new Date(Date.now() + days * 86_400_000)
}
