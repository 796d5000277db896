/** Backups in a bucket of any S3 service: in parts, each whole or not there, and kept from removal where that is asked. */
import { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import { QuorateError } from '../errors.ts'
import { type S3Location, s3Client } from './s3-client.ts'
import { namesOf, s3Error } from './s3-errors.ts'
import type { BackupStore, PutOptions, StoredFile } from './store.ts'

const MIB = 1024 ** 2
/** So much of a backup is in memory at a time: parts on their way, and the one that is being filled. */
const PARTS_AT_ONCE = 2
const PART_BYTES = 16 * MIB
/** S3 takes 10,000; a backup may turn out larger than was expected. */
const MOST_PARTS = 5_000

/** Parts of runs that died, in ms. */
const ABANDONED_MS = 24 * 3_600_000
const DAY_MS = 24 * 3_600_000
const LOCK_QUESTIONS = 8

type Sdk = typeof import('@aws-sdk/client-s3')

interface Bucket {
  readonly sdk: Sdk
  readonly client: S3Client
  readonly location: S3Location
  readonly title: string
  readonly key: (name: string) => string
}

/**
 * Parts that crashed runs left a day ago are removed.
 * @throws QuorateError `store`: the bucket can't be used; `permission`: no access key
 */
export async function openS3Store(
  location: S3Location,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<BackupStore> {
  const [sdk, client] = await Promise.all([import('@aws-sdk/client-s3'), s3Client(location, environment)])
  const { bucket, prefix } = location
  const title = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`
  const key = (name: string) => (prefix === '' ? name : `${prefix}/${name}`)
  const at: Bucket = { sdk, client, location, title, key }
  await removeAbandoned(at, signal).catch(refused(at, 'the bucket can not be used', signal))
  return {
    title,
    list: async (stop) => await list(at, stop).catch(refused(at, 'backups can not be listed', stop)),
    put: async (name, body, options = {}) => await put(at, checked(name), body, options),
    get: async (name, { signal: stop } = {}) => await get(at, checked(name), stop),
    write: async (name, text, stop) => {
      const command = new sdk.PutObjectCommand({ Bucket: bucket, Key: key(checked(name)), Body: text })
      await client.send(command, abortable(stop)).catch(refused(at, `${name} was not stored`, stop))
    },
    read: async (name, stop) => await read(at, checked(name), stop),
    remove: async (name, stop) =>
      await remove(at, checked(name), stop).catch(refused(at, `${name} was not removed`, stop)),
    [Symbol.dispose]: () => client.destroy(),
  }
}

async function put(
  at: Bucket,
  name: string,
  body: AsyncIterable<Uint8Array>,
  { expectedBytes = 0, signal }: PutOptions,
): Promise<{ readonly sizeBytes: number }> {
  const { sdk, client, location, key } = at
  const { Upload } = await import('@aws-sdk/lib-storage')
  const there = await exists(at, name, signal).catch(refused(at, `${name} was not stored`, signal))
  if (there) throw occupied(at, name)
  let sizeBytes = 0
  let broken: unknown
  const counted = async function* () {
    try {
      for await (const piece of body) {
        sizeBytes += piece.length
        yield piece
      }
    } catch (error) {
      broken = error
      throw error
    }
  }
  const lock =
    location.lockDays === undefined
      ? {}
      : {
          // COMPLIANCE: not even the bucket's owner can remove it earlier. A stolen key must not be able to.
          ObjectLockMode: sdk.ObjectLockMode.COMPLIANCE,
          ObjectLockRetainUntilDate: new Date(Date.now() + location.lockDays * DAY_MS),
          // S3 wants a checksum with it.
          ChecksumAlgorithm: sdk.ChecksumAlgorithm.SHA256,
        }
  const upload = new Upload({
    client,
    params: {
      Bucket: location.bucket,
      Key: key(name),
      Body: Readable.from(counted(), { objectMode: false, highWaterMark: MIB }),
      IfNoneMatch: '*',
      ...lock,
    },
    partSize: Math.max(PART_BYTES, Math.ceil(expectedBytes / MOST_PARTS)),
    queueSize: PARTS_AT_ONCE,
    leavePartsOnError: false,
  })
  const stop = () => void upload.abort()
  signal?.addEventListener('abort', stop)
  try {
    signal?.throwIfAborted()
    await upload.done()
    return { sizeBytes }
  } catch (error) {
    signal?.throwIfAborted()
    // Why its source ended says more than that the upload did.
    if (broken !== undefined) throw broken
    if (
      namesOf(error).some((one) => ['PreconditionFailed', '412', 'ConditionalRequestConflict'].includes(one))
    )
      throw occupied(at, name)
    throw s3Error(error, at.title, `${name} was not stored`)
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

async function exists({ sdk, client, location, key }: Bucket, name: string, signal?: AbortSignal) {
  try {
    await client.send(
      new sdk.HeadObjectCommand({ Bucket: location.bucket, Key: key(name) }),
      abortable(signal),
    )
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

async function list(at: Bucket, signal?: AbortSignal): Promise<readonly StoredFile[]> {
  const { sdk, client, location, key } = at
  const files: StoredFile[] = []
  const start = key('')
  const pages = sdk.paginateListObjectsV2({ client }, { Bucket: location.bucket, Prefix: start })
  for await (const { Contents = [] } of pages) {
    signal?.throwIfAborted()
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

async function hasObjectLock({ sdk, client, location }: Bucket, signal?: AbortSignal): Promise<boolean> {
  try {
    const command = new sdk.GetObjectLockConfigurationCommand({ Bucket: location.bucket })
    const { ObjectLockConfiguration } = await client.send(command, abortable(signal))
    return ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
  } catch {
    // It has none, does not know of it, or does not say: removal will tell.
    signal?.throwIfAborted()
    return false
  }
}

/** undefined: it is not locked, or that can't be known. */
async function lockedUntil(
  { sdk, client, location, key }: Bucket,
  name: string,
  signal?: AbortSignal,
): Promise<Date | undefined> {
  const command = new sdk.HeadObjectCommand({ Bucket: location.bucket, Key: key(name) })
  const { ObjectLockRetainUntilDate: until } = await client.send(command, abortable(signal))
  return until !== undefined && until.getTime() > Date.now() ? until : undefined
}

async function get(at: Bucket, name: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const { sdk, client, location, key, title } = at
  try {
    const command = new sdk.GetObjectCommand({ Bucket: location.bucket, Key: key(name) })
    const { Body } = await client.send(command, abortable(signal))
    if (Body === undefined) throw new Error('an answer without a body')
    return told(Body as AsyncIterable<Uint8Array>, title, name)
  } catch (error) {
    signal?.throwIfAborted()
    if (!isMissing(error)) throw s3Error(error, title, `${name} can not be read`)
    throw new QuorateError('store', `there is no ${name} in ${title}`, { hint: 'quorate backup list' })
  }
}

async function* told(
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
  const { sdk, client, location, key, title } = at
  try {
    const command = new sdk.GetObjectCommand({ Bucket: location.bucket, Key: key(name) })
    const { Body } = await client.send(command, abortable(signal))
    return await Body?.transformToString()
  } catch (error) {
    signal?.throwIfAborted()
    if (isMissing(error)) return undefined
    throw s3Error(error, title, `${name} can not be read`)
  }
}

/** Where versions are kept, this one goes, and not only its name. */
async function remove(at: Bucket, name: string, signal?: AbortSignal): Promise<void> {
  const { sdk, client, location, key, title } = at
  const until = await lockedUntil(at, name, signal)
  if (until !== undefined) {
    const when = until.toISOString()
    throw new QuorateError(
      'store',
      `${name} in ${title} is locked until ${when}: nobody can remove it before`,
      {
        hint: 'it stays; run this again after that time',
      },
    )
  }
  const names = { Bucket: location.bucket, Key: key(name) }
  const { VersionId } = await client.send(new sdk.HeadObjectCommand(names), abortable(signal))
  const version = VersionId === undefined || VersionId === 'null' ? {} : { VersionId }
  await client.send(new sdk.DeleteObjectCommand({ ...names, ...version }), abortable(signal))
}

async function removeAbandoned({ sdk, client, location, key }: Bucket, signal: AbortSignal): Promise<void> {
  const { bucket: Bucket } = location
  const command = new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: key('') })
  const { Uploads = [] } = await client.send(command, abortable(signal))
  for (const { Key, UploadId, Initiated } of Uploads) {
    if (Initiated === undefined || Date.now() - Initiated.getTime() < ABANDONED_MS) continue
    await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), abortable(signal))
  }
}

/** A name that leads nowhere else. */
function checked(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return name
  throw new QuorateError('store', `${JSON.stringify(name)} is not the name of a backup`, {
    hint: 'quorate backup list',
  })
}

function isMissing(error: unknown): boolean {
  return namesOf(error).some((name) => ['NoSuchKey', 'NotFound'].includes(name))
}

function occupied({ title }: Bucket, name: string): QuorateError {
  return new QuorateError('store', `${name} is in ${title} already, and stays as it is`, {
    hint: 'run it again: the name has the time in it',
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
