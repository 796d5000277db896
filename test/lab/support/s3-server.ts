/**
 * A real S3 server for tests: Debian's Ceph, with TLS from its own CA. Its programs come from a file system like the
 * lab's machines have, so that nothing is installed on this host.
 */
import { spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import https from 'node:https'
import os from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { S3Client } from '@aws-sdk/client-s3'
import { labBase } from '../../../src/lab/base.ts'
import { toolPath } from '../../../src/lab/tool.ts'
import type { S3Location } from '../../../src/store/s3-client.ts'
import { freePorts } from './ports.ts'
import { openssl } from './tools.ts'

export interface S3Server extends AsyncDisposable {
  readonly port: number
  /** A private directory of the test. */
  readonly folder: string
  /** A client other than quorate's, to check what is really stored. */
  readonly client: S3Client
  /** The bucket as a cluster file names it. */
  location(bucket: string, more?: Partial<S3Location>): S3Location
}

/** The secret key, which must not be found anywhere. */
export const S3_SECRET = 'a-secret-of-tests'

/** Additional packages of its file system. */
export const S3_PACKAGES: readonly string[] = ['ceph-mon', 'ceph-osd', 'radosgw']

const KEY = Object.freeze({ accessKeyId: 'QUORATETEST', secretAccessKey: S3_SECRET })

/**
 * On an address of this host. Takes about 5 s once the file system exists, which takes a minute or two and 580 MB
 * the first time.
 */
export async function startS3Server(address = '127.0.0.1'): Promise<S3Server> {
  const base = await labBase({ packages: S3_PACKAGES })
  const folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-s3-'))
  const data = path.join(folder, 'ceph')
  await mkdir(data)
  const ca = path.join(folder, 'ca.crt')
  await openssl(
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ['-subj', '/CN=S3 of tests', '-addext', `subjectAltName=IP:${address}`],
    ['-keyout', path.join(data, 'server.pem'), '-out', ca],
  )
  await writeFile(path.join(data, 'server.pem'), await openssl('x509', '-in', ca), { flag: 'a' })
  await writeFile(path.join(data, 'user'), `${KEY.accessKeyId}\n${KEY.secretAccessKey}\n`)
  const credentials = path.join(folder, 'key.yaml')
  await writeFile(credentials, JSON.stringify(KEY), { mode: 0o600 })
  await copyFile(path.join(import.meta.dirname, 's3-server.sh'), path.join(data, 'start.sh'))
  const [monitorPort = 0, port = 0] = await freePorts(2, address)
  const child = spawn(
    'systemd-nspawn',
    [
      '--quiet',
      '--register=no',
      '--keep-unit',
      '--as-pid2',
      '--console=pipe',
      '--read-only',
      `--directory=${base}`,
      `--bind=${data}:/mnt`,
      '/bin/sh',
      '/mnt/start.sh',
      `${monitorPort}`,
      address,
      `${port}`,
    ],
    { stdio: ['pipe', 'ignore', 'pipe'], env: { PATH: toolPath() } },
  )
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const endpoint = `https://${address}:${port}`
  const close = async () => {
    child.stdin.end()
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  try {
    while (!(await answers(endpoint))) {
      if (child.exitCode !== null) throw new Error(`the S3 server ended: ${said}`)
      await setTimeout(200)
    }
  } catch (error) {
    await close()
    throw error
  }
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    // A copy: the library records in it where the key came from, and the next server's key file would contain that as
    // well.
    credentials: { ...KEY },
    requestHandler: { httpsAgent: { rejectUnauthorized: false } },
  })
  return {
    port,
    folder,
    client,
    location: (bucket, more) => ({
      kind: 's3',
      bucket,
      prefix: 'etcd/prod',
      endpoint,
      region: 'us-east-1',
      ca,
      pathStyle: true,
      credentials,
      lockDays: undefined,
      ...more,
    }),
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      await close()
    },
  }
}

async function answers(url: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const request = https.get(url, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('error', () => resolve(false))
  })
}
