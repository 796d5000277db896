/** The client of an S3 service: its trusted CAs and its credentials. */
import { Agent } from 'node:https'
import tls from 'node:tls'
import { S3Client } from '@aws-sdk/client-s3'
import * as z from 'zod'
import { QuorateError } from '../errors.ts'
import { openForReading, readFrom, readText } from '../files/read-file.ts'
import { readYaml } from '../spec/document.ts'
import type { StoreLocation } from '../spec/backup.ts'

export type S3Location = Extract<StoreLocation, { kind: 's3' }>

/** A bucket, and the prefix in it. */
export interface Bucket {
  readonly client: S3Client
  readonly location: S3Location
  /** For messages: `s3://bucket/prefix`. */
  readonly title: string
  /** The key of a name. */
  readonly key: (name: string) => string
}

/** In ms: for connecting, and without data on a connection. */
const CONNECT_MS = 10_000
const SILENCE_MS = 60_000

const keySchema = z.strictObject({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().optional(),
})
type AccessKey = z.infer<typeof keySchema>

/** Node.js has its own list. The workstation's additional CAs are usually an organization's own. */
function systemCas(): string[] {
  return [...tls.getCACertificates('default'), ...tls.getCACertificates('system')]
}

/** @throws QuorateError `permission`, `store` */
export async function s3Client(location: S3Location, environment: NodeJS.ProcessEnv): Promise<S3Client> {
  const { endpoint, region, pathStyle, ca } = location
  const [key, caPem] = await Promise.all([
    accessKey(location, environment),
    ca === undefined ? undefined : readCa(ca),
  ])
  return new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: pathStyle,
    credentials: {
      accessKeyId: key.accessKeyId,
      secretAccessKey: key.secretAccessKey,
      ...(key.sessionToken === undefined ? {} : { sessionToken: key.sessionToken }),
    },
    // The cluster file has priority over other settings on this workstation.
    ignoreConfiguredEndpointUrls: true,
    // Services other than Amazon's may not support the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      httpsAgent: new Agent({ keepAlive: true, ca: caPem ?? systemCas() }),
    },
  })
}

/** Never from a cloud's metadata service: only an explicitly configured key is used. */
async function accessKey({ credentials }: S3Location, environment: NodeJS.ProcessEnv): Promise<AccessKey> {
  if (credentials !== undefined) return await readKey(credentials)
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment
  if (AWS_ACCESS_KEY_ID !== undefined && AWS_SECRET_ACCESS_KEY !== undefined) {
    return {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      sessionToken: AWS_SESSION_TOKEN,
    }
  }
  throw new QuorateError('permission', 'there is no access key for the S3 service', {
    id: 'no-access-key',
    hint: 'name a private file with accessKeyId and secretAccessKey as backup.store.s3.credentials, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  })
}

async function readKey(file: string): Promise<AccessKey> {
  let text: string
  try {
    await using handle = await openForReading(file, { code: 'permission' })
    const { mode } = await handle.stat()
    if ((mode & 0o077) !== 0) {
      throw new QuorateError('permission', `${file} holds a secret, and others than its owner can read it`, {
        id: 'secret-is-not-private',
        hint: `chmod 600 ${file}`,
      })
    }
    text = (await readFrom(handle, file, { code: 'permission' })).toString('utf8')
  } catch (error) {
    throw QuorateError.from(error, 'permission', `${file} can't be read`, { id: 'secret-is-unreadable' })
  }
  // Without the reason why it is invalid, which may quote the file.
  const { success, data } = keySchema.safeParse(readYaml(text).data)
  if (success) return data
  throw new QuorateError('store', `${file} has no valid access key`, {
    hint: 'two lines of YAML: accessKeyId: … and secretAccessKey: …',
  })
}

async function readCa(file: string): Promise<string> {
  try {
    return await readText(file, { code: 'store' })
  } catch (error) {
    throw QuorateError.from(error, 'store', `the CA of the S3 service can't be read`, {
      id: 'ca-is-unreadable',
    })
  }
}
