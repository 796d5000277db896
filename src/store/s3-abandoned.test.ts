import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { openS3Store } from './s3.ts'

const HOUR_MS = 3_600_000

/**
 * Opens a backup location on a service whose clock differs by `offset`, in ms, and returns the uploads that were
 * aborted.
 */
async function ended(offset: number): Promise<readonly string[]> {
  const there = Date.now() + offset
  const upload = (id: string, hours: number) =>
    `<Upload><Key>prod-20260101T000000Z.bundle.age</Key><UploadId>${id}</UploadId><Initiated>${new Date(there - hours * HOUR_MS).toISOString()}</Initiated></Upload>`
  const found: string[] = []
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://s3')
    const id = searchParams.get('uploadId')
    if (request.method === 'DELETE' && id !== null) found.push(id)
    response.setHeader('date', new Date(there).toUTCString())
    response.statusCode = request.method === 'DELETE' ? 204 : 200
    response.end(
      request.method === 'DELETE'
        ? ''
        : `<?xml version="1.0"?><ListMultipartUploadsResult>${upload('young', 1)}${upload('old', 25)}</ListMultipartUploadsResult>`,
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    using _ = await openS3Store(
      {
        kind: 's3',
        bucket: 'backups',
        prefix: '',
        endpoint: `http://127.0.0.1:${port}`,
        region: 'eu-central-1',
        ca: undefined,
        pathStyle: true,
        credentials: undefined,
        lockDays: undefined,
      },
      { AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK' },
      new AbortController().signal,
    )
    return found
  } finally {
    server.close()
  }
}

test.each([0, -72 * HOUR_MS, 72 * HOUR_MS])(
  'with a clock difference of %i ms, uploads that were abandoned a day ago are aborted, and running ones are not',
  async (offset) => expect(await ended(offset)).toEqual(['old']),
)
