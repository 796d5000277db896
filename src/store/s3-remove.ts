/** Object lock and versions: until when an object is locked, and how it is removed. */
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3'
import { QuorateError } from '../errors.ts'
import type { Bucket } from './s3-client.ts'
import { isMissing, namesOf } from './s3-errors.ts'

/** undefined: it can be removed, or doesn't exist. A legal hold returns the end of time. */
export async function lockedUntil(
  bucket: Bucket,
  name: string,
  signal?: AbortSignal,
  version?: string,
): Promise<Date | undefined> {
  const object = {
    Bucket: bucket.location.bucket,
    Key: bucket.key(name),
    ...(version === undefined ? {} : { VersionId: version }),
  }
  try {
    const found = await bucket.client.send(new HeadObjectCommand(object), abortable(signal))
    if (found.ObjectLockLegalHoldStatus === 'ON') return new Date(8.64e15)
    const until = found.ObjectLockRetainUntilDate
    return until !== undefined && until.getTime() > Date.now() ? until : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/**
 * Removes all versions: in a bucket with versioning, removing only the name would free no space.
 * @throws QuorateError `store`: it is locked, with the end of the lock; it doesn't exist
 */
export async function removeObject(bucket: Bucket, name: string, signal?: AbortSignal): Promise<void> {
  const object = { Bucket: bucket.location.bucket, Key: bucket.key(name) }
  const versions = await versionsOf(bucket, object.Key, signal)
  if (versions?.length === 0)
    throw new QuorateError('store', `there is no ${name} in ${bucket.title}`, { hint: 'quorate backup list' })
  // Removes none if one is locked: half of a history is useless.
  for (const { id, marker } of versions ?? [{ id: undefined, marker: false }]) {
    const until = marker ? undefined : await lockedUntil(bucket, name, signal, id)
    if (until !== undefined) throw isLocked(bucket, name, until)
  }
  for (const { id } of versions ?? [{ id: undefined }]) {
    const request = new DeleteObjectCommand({ ...object, ...(id === undefined ? {} : { VersionId: id }) })
    await bucket.client.send(request, abortable(signal))
  }
}

/** Delete markers last; undefined: the key has no permission to list them, or the service doesn't support versions. */
async function versionsOf(bucket: Bucket, key: string, signal?: AbortSignal) {
  const found: { readonly id: string | undefined; readonly marker: boolean }[] = []
  let after: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {}
  try {
    while (after !== undefined) {
      const request = new ListObjectVersionsCommand({ Bucket: bucket.location.bucket, Prefix: key, ...after })
      // oxlint-disable-next-line no-await-in-loop -- a page says where the next one begins
      const page: ListObjectVersionsCommandOutput = await bucket.client.send(request, abortable(signal))
      const { Versions = [], DeleteMarkers = [], NextKeyMarker, NextVersionIdMarker } = page
      for (const { Key, VersionId } of Versions) if (Key === key) found.push({ id: VersionId, marker: false })
      for (const { Key, VersionId } of DeleteMarkers)
        if (Key === key) found.push({ id: VersionId, marker: true })
      // Keys are sorted: another key means that no more versions of this one follow.
      const more = page.IsTruncated === true && NextKeyMarker === key && NextVersionIdMarker !== undefined
      after = more ? { KeyMarker: key, VersionIdMarker: NextVersionIdMarker } : undefined
    }
  } catch (error) {
    if (namesOf(error).some((one) => one === 'AccessDenied' || one === 'NotImplemented')) return undefined
    throw error
  }
  return found.toSorted((one, other) => Number(one.marker) - Number(other.marker))
}

function abortable(signal: AbortSignal | undefined) {
  return signal === undefined ? {} : { abortSignal: signal }
}

function isLocked(bucket: Bucket, name: string, until: Date): QuorateError {
  const held = until.getTime() === 8.64e15
  const when = held ? 'for as long as there is a legal hold on it' : `until ${until.toISOString()}`
  return new QuorateError('store', `${name} in ${bucket.title} is locked, and can't be removed ${when}`, {
    hint: held
      ? 'ask the owner of the legal hold to remove it'
      : 'run it again after that; nothing was removed of it',
  })
}
