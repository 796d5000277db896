/** Puts one object: whole under its name, or not there at all, and never in the place of another one. */
import { createHash, randomUUID } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3'
import { QuorateError } from '../errors.ts'
import { inPieces } from './pieces.ts'
import type { Bucket } from './s3-client.ts'
import { isMissing, namesOf, s3Error } from './s3-errors.ts'
import { requireLock, requireLockable, retention } from './s3-retention.ts'
import type { PutOptions } from './store.ts'
import { counted } from '../spec/units.ts'

const MIB = 1024 ** 2
const PART_BYTES = 16 * MIB
/** S3's limit. */
const MOST_PARTS = 10_000
/** To clear away, when the caller's signal has ended all else; in ms. */
const LAST_WORDS_MS = 20_000

/** In the object's metadata: whether an answer that was lost on the way was a yes, is seen by it. */
const TOKEN = 'quorate-upload'
const KEPT = 'nothing of this backup is kept, earlier ones are as they were'

/** Locked as well, where that is asked. @throws QuorateError `store`, and what `body` throws */
export async function upload(
  bucket: Bucket,
  name: string,
  body: AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<{ readonly sizeBytes: number }> {
  await requireLockable(bucket, options.signal)
  const sent = await send(bucket, name, body, options)
  await requireLock(bucket, name)
  return sent
}

async function send(
  bucket: Bucket,
  name: string,
  body: AsyncIterable<Uint8Array>,
  { expectedBytes = 0, signal }: PutOptions,
): Promise<{ readonly sizeBytes: number }> {
  const object = { Bucket: bucket.location.bucket, Key: bucket.key(name) }
  const failed = (error: unknown): never => {
    signal?.throwIfAborted()
    throw s3Error(error, bucket.title, `${name} was not stored`)
  }
  if ((await tokenOf(bucket, name, signal).catch(failed)) !== undefined) throw isThere(bucket, name)
  // A margin, as what is expected may be exceeded by a little.
  const partBytes = Math.max(PART_BYTES, Math.ceil(expectedBytes / (MOST_PARTS * 0.9) / MIB) * MIB)
  const parts = inPieces(body, partBytes, signal)[Symbol.asyncIterator]()
  const token = randomUUID()
  const first = (await parts.next()).value ?? Buffer.alloc(0)
  const settings = { ...object, ...retention(bucket), Metadata: { [TOKEN]: token } }
  if (first.length < partBytes) {
    const put = async (condition: Condition) =>
      await bucket.client.send(
        new PutObjectCommand({ ...settings, ...condition, Body: first, ContentMD5: md5(first) }),
        sending(signal),
      )
    await finish(bucket, name, token, put, failed)
    return { sizeBytes: first.length }
  }
  const started = await bucket.client
    .send(new CreateMultipartUploadCommand(settings), sending(signal))
    .catch(failed)
  const part = { ...object, UploadId: started.UploadId }
  try {
    const sent: CompletedPart[] = []
    let sizeBytes = 0
    for (let piece: Buffer | undefined = first; piece !== undefined; piece = (await parts.next()).value) {
      const PartNumber = sent.length + 1
      if (PartNumber > MOST_PARTS) throw tooLarge(bucket, name, sizeBytes)
      const request = new UploadPartCommand({ ...part, PartNumber, Body: piece, ContentMD5: md5(piece) })
      const { ETag } = await bucket.client.send(request, sending(signal)).catch(failed)
      sent.push({ ETag, PartNumber })
      sizeBytes += piece.length
    }
    const complete = async (condition: Condition) =>
      await bucket.client.send(
        new CompleteMultipartUploadCommand({ ...part, ...condition, MultipartUpload: { Parts: sent } }),
        sending(signal),
      )
    await finish(bucket, name, token, complete, failed)
    return { sizeBytes }
  } catch (error) {
    await abandon(bucket, part)
    throw error
  }
}

type Condition = { readonly IfNoneMatch?: '*' }

/** The request that gives the object its name; a lost answer is looked up. */
async function finish(
  bucket: Bucket,
  name: string,
  token: string,
  request: (condition: Condition) => Promise<unknown>,
  failed: (error: unknown) => never,
): Promise<void> {
  try {
    // Services that don't know the condition say so, or take no notice of it.
    await request({ IfNoneMatch: '*' }).catch(async (error: unknown) => {
      if (!namesOf(error).includes('NotImplemented')) throw error
      return await request({})
    })
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
    const exists = status === 412 || status === 409
    if (status !== undefined && status < 500 && !exists && !namesOf(error).includes('NoSuchUpload'))
      failed(error)
    const found = await tokenOf(bucket, name, AbortSignal.timeout(LAST_WORDS_MS)).catch(unknown(bucket, name))
    if (found === token) return
    if (exists) throw isThere(bucket, name)
    failed(error)
  }
}

/** The token of the object of that name; '': it has none; undefined: there is no such object. */
async function tokenOf(bucket: Bucket, name: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const found = await bucket.client.send(
      new HeadObjectCommand({ Bucket: bucket.location.bucket, Key: bucket.key(name) }),
      sending(signal),
    )
    return found.Metadata?.[TOKEN] ?? ''
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Parts cost room and are nowhere to be seen. What this can't remove, a later put sweeps. */
async function abandon(bucket: Bucket, part: { Bucket: string; Key: string; UploadId: string | undefined }) {
  const abort = new AbortMultipartUploadCommand(part)
  await bucket.client.send(abort, { abortSignal: AbortSignal.timeout(LAST_WORDS_MS) }).catch(() => undefined)
}

function md5(data: Uint8Array): string {
  return createHash('md5').update(data).digest('base64')
}

function sending(signal: AbortSignal | undefined) {
  return signal === undefined ? {} : { abortSignal: signal }
}

function isThere(bucket: Bucket, name: string): QuorateError {
  return new QuorateError('store', `${name} already exists in ${bucket.title} and is not replaced`, {
    hint: 'run it again: the name has the time in it',
  })
}

function tooLarge(bucket: Bucket, name: string, bytes: number): QuorateError {
  return new QuorateError(
    'store',
    `${name} is larger than said before: ${bucket.title} takes ${MOST_PARTS} parts, and ${counted(bytes, 'byte')} fill them`,
    { hint: KEPT },
  )
}

/** The object may be there or not: when the store answers again, it is seen. */
function unknown(bucket: Bucket, name: string): (error: unknown) => never {
  return (error) => {
    throw s3Error(error, bucket.title, `whether ${name} was stored is not known, as the answer was lost`)
  }
}
