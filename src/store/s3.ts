/**
 * Backups in a bucket of any S3 service: uploaded in parts, complete or missing, and protected from removal if
 * configured.
 */
import { createHash } from 'node:crypto'
import * as sdk from '@aws-sdk/client-s3'
import { QuorateError } from '../errors.ts'
import { requireFew, shortText } from './bounds.ts'
import { type Bucket, type S3Location, s3Client } from './s3-client.ts'
import { isMissing, namesOf, s3Error } from './s3-errors.ts'
import { lockedUntil, removeObject } from './s3-remove.ts'
import { upload } from './s3-upload.ts'
import type { BackupStore, StoredFile } from './store.ts'

/** Named like a backup, and directly below the prefix. */
const OWN = /^[A-Za-z0-9][A-Za-z0-9._-]*\.bundle(?:\.age)?$/

/** Age after which the parts of a crashed run are removed, in ms. */
const ABANDONED_MS = 24 * 3_600_000
const LOCK_QUESTIONS = 8

/**
 * Removes parts that crashed runs left more than a day ago.
 * @throws QuorateError `store`: the bucket can't be used; `permission`: no access key
 */
export async function openS3Store(
  location: S3Location,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<BackupStore> {
  const client = await s3Client(location, environment)
  const { bucket, prefix } = location
  const title = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`
  const key = (name: string) => (prefix === '' ? name : `${prefix}/${name}`)
  const at: Bucket = { client, location, title, key }
  await removeAbandoned(at, signal).catch(refused(at, "can't use the bucket", signal))
  return {
    title,
    list: async (stop) => await list(at, stop).catch(refused(at, "can't list backups", stop)),
    put: async (name, body, options = {}) => await upload(at, checked(name), body, options),
    get: async (name, { signal: stop } = {}) => await get(at, checked(name), stop),
    write: async (name, text, stop) => {
      // A bucket with a default lock accepts only uploads with a checksum.
      const ContentMD5 = createHash('md5').update(text).digest('base64')
      const command = new sdk.PutObjectCommand({
        Bucket: bucket,
        Key: key(checked(name)),
        Body: text,
        ContentMD5,
      })
      await client.send(command, abortable(stop)).catch(refused(at, `${name} was not stored`, stop))
    },
    read: async (name, stop) => await read(at, checked(name), stop),
    remove: async (name, stop) =>
      await removeObject(at, checked(name), stop).catch(refused(at, `${name} was not removed`, stop)),
    [Symbol.dispose]: () => client.destroy(),
  }
}

async function list(at: Bucket, signal?: AbortSignal): Promise<readonly StoredFile[]> {
  const { client, location, key } = at
  const files: StoredFile[] = []
  const start = key('')
  const pages = sdk.paginateListObjectsV2({ client }, { Bucket: location.bucket, Prefix: start })
  let page = 0
  for await (const { Contents = [] } of pages) {
    signal?.throwIfAborted()
    page += 1
    requireFew(at.title, files.length, page)
    for (const { Key = '', Size = 0, LastModified } of Contents) {
      const name = Key.slice(start.length)
      if (name.includes('/') || name === '') continue
      files.push({ name, sizeBytes: Size, modifiedAt: LastModified ?? new Date(0) })
    }
  }
  if (!(await hasObjectLock(at, signal))) return files
  const locked: StoredFile[] = []
  for (let from = 0; from < files.length; from += LOCK_QUESTIONS) {
    const some = files.slice(from, from + LOCK_QUESTIONS)
    const until = await Promise.all(some.map(async ({ name }) => await lockedUntil(at, name, signal)))
    locked.push(...some.map((file, index) => ({ ...file, lockedUntil: until[index] })))
  }
  return locked
}

async function hasObjectLock({ client, location }: Bucket, signal?: AbortSignal): Promise<boolean> {
  try {
    const command = new sdk.GetObjectLockConfigurationCommand({ Bucket: location.bucket })
    const { ObjectLockConfiguration } = await client.send(command, abortable(signal))
    return ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
  } catch {
    // It has no lock, doesn't support locks, or doesn't report them: the attempt to remove it will show.
    signal?.throwIfAborted()
    return false
  }
}

async function get(at: Bucket, name: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const { client, location, key, title } = at
  try {
    const command = new sdk.GetObjectCommand({ Bucket: location.bucket, Key: key(name) })
    const { Body } = await client.send(command, abortable(signal))
    if (Body === undefined) throw new Error('an answer without a body')
    return readBody(Body as AsyncIterable<Uint8Array>, title, name)
  } catch (error) {
    signal?.throwIfAborted()
    if (!isMissing(error)) throw s3Error(error, title, `can't read ${name}`)
    throw new QuorateError('store', `there is no ${name} in ${title}`, { hint: 'quorate backup list' })
  }
}

async function* readBody(
  body: AsyncIterable<Uint8Array>,
  title: string,
  name: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    throw s3Error(error, title, `${name} could not be read to its end`)
  }
}

async function read(at: Bucket, name: string, signal?: AbortSignal): Promise<string | undefined> {
  const { client, location, key, title } = at
  try {
    const command = new sdk.GetObjectCommand({ Bucket: location.bucket, Key: key(name) })
    const { Body } = await client.send(command, abortable(signal))
    return Body === undefined ? undefined : await shortText(Body as AsyncIterable<Uint8Array>, title, name)
  } catch (error) {
    signal?.throwIfAborted()
    if (isMissing(error)) return undefined
    throw s3Error(error, title, `can't read ${name}`)
  }
}

async function removeAbandoned({ client, location, key }: Bucket, signal: AbortSignal): Promise<void> {
  const { bucket: Bucket } = location
  const command = new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: key('') })
  const { Uploads = [] } = await client.send(command, abortable(signal)).catch((error: unknown) => {
    // Restores don't need this permission. The next request shows whether the bucket can be used.
    if (!namesOf(error).some((name) => name === 'AccessDenied' || name === 'NotImplemented')) throw error
    return { Uploads: [] }
  })
  // By the service's clock, whose offset the client knows: the workstation's clock may have jumped.
  const now = Date.now() + client.config.systemClockOffset
  for (const { Key, UploadId, Initiated } of Uploads) {
    // Others may use the bucket too.
    if (Key === undefined || !OWN.test(Key.slice(key('').length))) continue
    if (Initiated === undefined || now - Initiated.getTime() < ABANDONED_MS) continue
    await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), abortable(signal))
  }
}

/** A name without path components. */
function checked(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return name
  throw new QuorateError('store', `${JSON.stringify(name)} is not the name of a backup`, {
    hint: 'quorate backup list',
  })
}

function abortable(signal: AbortSignal | undefined) {
  return signal === undefined ? {} : { abortSignal: signal }
}

function refused(at: Bucket, doing: string, signal: AbortSignal | undefined): (error: unknown) => never {
  return (error) => {
    signal?.throwIfAborted()
    throw s3Error(error, at.title, doing)
  }
}
