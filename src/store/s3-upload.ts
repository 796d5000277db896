/** Uploads one object: it is complete under its name or doesn't exist, and never replaces another one. */
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
/** For cleanup after the caller's signal, in ms. */
const LAST_WORDS_MS = 20_000

/** In the object's metadata: shows whether a request succeeded whose answer was lost. */
const TOKEN = 'quorate-upload'
const KEPT = 'nothing of this backup is kept, earlier ones are as they were'

/** Also locks the object, if requested. @throws QuorateError `store`, and what `body` throws */
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
  // With a margin, because the actual size may be a little larger than expected.
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

/** Completes the upload, which gives the object its name. If the answer is lost, checks the object. */
async function finish(
  bucket: Bucket,
  name: string,
  token: string,
  request: (condition: Condition) => Promise<unknown>,
  failed: (error: unknown) => never,
): Promise<void> {
  try {
    // Services that don't support the condition return an error, or ignore it.
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

/** The token of the object of that name; '': it has none; undefined: the object doesn't exist. */
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

/** Parts cost space and are invisible. A later upload removes what this can't. */
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

/** Whether the object exists is unknown until the service answers again. */
function unknown(bucket: Bucket, name: string): (error: unknown) => never {
  return (error) => {
    throw s3Error(error, bucket.title, `whether ${name} was stored is not known, as the answer was lost`)
  }
}
