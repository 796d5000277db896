import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type S3Location, s3Client } from './s3-client.ts'

const LOCATION: S3Location = {
  kind: 's3',
  bucket: 'etcd-backups',
  prefix: '',
  endpoint: 'https://198.18.9.9:9000',
  region: 'eu-central-1',
  ca: undefined,
  pathStyle: true,
  credentials: undefined,
  lockDays: undefined,
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-s3-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

async function key(text: string, mode = 0o600): Promise<string> {
  const file = path.join(folder, 'key.yaml')
  await rm(file, { force: true })
  await writeFile(file, text, { mode })
  return file
}

test('the key is from the file that is named, else from the environment, else from nowhere', async () => {
  const credentials = await key('accessKeyId: AK\nsecretAccessKey: "SK"\n')
  const named = await s3Client({ ...LOCATION, credentials }, { AWS_ACCESS_KEY_ID: 'other' })
  expect(await named.config.credentials()).toMatchObject({ accessKeyId: 'AK', secretAccessKey: 'SK' })
  expect(await named.config.region()).toBe('eu-central-1')
  expect(named.config.forcePathStyle).toBe(true)
  const environment = { AWS_ACCESS_KEY_ID: 'AE', AWS_SECRET_ACCESS_KEY: 'SE', AWS_SESSION_TOKEN: 'TE' }
  const found = await s3Client(LOCATION, environment)
  expect(await found.config.credentials()).toMatchObject({ accessKeyId: 'AE', sessionToken: 'TE' })
  await expect(s3Client(LOCATION, { AWS_ACCESS_KEY_ID: 'half' })).rejects.toMatchObject({
    code: 'permission',
  })
})

test('a key that others can read, or that is none, is refused without a word of it', async () => {
  const open = await key('accessKeyId: AK\nsecretAccessKey: SK\n', 0o644)
  await expect(s3Client({ ...LOCATION, credentials: open }, {})).rejects.toFail(
    'permission/secret-is-not-private',
    { says: open, fix: `chmod 600 ${open}` },
  )
  for (const text of [
    'accessKeyId: AK\n',
    'AKSECRET: [',
    '',
    'accessKeyId: AK\nsecretAccessKey: AKSECRET\nx: 1\n',
  ]) {
    const error = await s3Client({ ...LOCATION, credentials: await key(text) }, {}).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ code: 'store' })
    expect(`${JSON.stringify(error)} ${(error as Error).message}`).not.toContain('AKSECRET')
  }
  await expect(s3Client({ ...LOCATION, credentials: path.join(folder, 'no') }, {})).rejects.toFail(
    'permission/secret-is-unreadable',
    { says: path.join(folder, 'no') },
  )
  await expect(
    s3Client(
      { ...LOCATION, credentials: await key('accessKeyId: A\nsecretAccessKey: S\n'), ca: '/no/such' },
      {},
    ),
  ).rejects.toFail('store/ca-is-unreadable', { says: '/no/such' })
})
