import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { assertStaysProtected } from './download.ts'
import { obtainEtcd } from './obtain.ts'
import { expandTemplate } from './release.ts'
import { FOREIGN, releaseArchive, releaseSource, serve, testContext } from './test-support.ts'

const VERSION = '3.5.16'
const NAME = `etcd-v${VERSION}-linux-${FOREIGN}.tar.gz`
const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex')

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A release page: the checksums of `archive`, and for the archive itself what `answer` does. */
async function page(archive: Buffer, answer: Answer): Promise<{ base: string; asked: string[] }> {
  const asked: string[] = []
  const base = await serve((request, response) => {
    asked.push(request.url ?? '')
    if (request.url?.endsWith('/SHA256SUMS'))
      response.end(`${'0'.repeat(64)}  other.tar.gz\n${sha256(archive)}  ${NAME}\n`)
    else answer(request, response)
  })
  return { base, asked }
}

const obtain = async (base: string, context: Awaited<ReturnType<typeof testContext>>, proxy?: string) =>
  await obtainEtcd({ version: VERSION, source: releaseSource(base, proxy) }, FOREIGN, context)

test('a release is downloaded, checked and unpacked once, and comes from the cache afterwards', async () => {
  const archive = await releaseArchive(VERSION)
  const { base, asked } = await page(archive, (_, response) => response.end(archive))
  const context = await testContext()

  const artifact = await obtain(base, context)
  expect(artifact.files.map((file) => file.name)).toEqual(['etcd', 'etcdctl', 'etcdutl'])
  expect(artifact.origin).toBe(`${base}/v${VERSION}/${NAME}`)
  for (const file of artifact.files) {
    const content = await readFile(file.path)
    expect(content.toString('latin1')).toContain(`${file.name} ${VERSION}`)
    expect(file).toMatchObject({ sha256: sha256(content), sizeBytes: content.length })
  }
  expect(asked).toHaveLength(2)

  expect(await obtain(base, context)).toEqual(artifact)
  expect(asked).toHaveLength(2)
  expect(await readdir(context.shelf)).toHaveLength(1)
})

test('a download that breaks off says how much arrived, is tried again, and leaves nothing', async () => {
  const archive = await releaseArchive(VERSION)
  const { base, asked } = await page(archive, (_, response) => {
    response.writeHead(200, { 'content-length': archive.length })
    response.write(archive.subarray(0, 100), () => response.destroy())
  })
  const context = await testContext()

  await expect(obtain(base, context)).rejects.toFail('artifact/download-was-interrupted', {
    says: ` 100 of ${archive.length} bytes`,
  })
  expect(asked.filter((url) => url.endsWith(NAME))).toHaveLength(2)
  expect(await readdir(context.shelf)).toEqual([])
})

test('a body that stalls is given up after the time allowed', async () => {
  const archive = await releaseArchive(VERSION)
  const { base } = await page(archive, (_, response) => {
    response.writeHead(200, { 'content-length': archive.length })
    response.write(archive.subarray(0, 100))
  })
  const context = await testContext({ limits: { attempts: 1, stallTimeoutMs: 200 } })

  await expect(obtain(base, context)).rejects.toFail('artifact/download-was-interrupted', {
    says: ` 100 of ${archive.length} bytes: `,
  })
})

test('a mirror that announces a mountain is not listened to, and nothing is kept', async () => {
  const { base } = await page(await releaseArchive(VERSION), (_, response) => {
    response.writeHead(200, { 'content-length': 600 * 1024 ** 2 })
    response.write('x')
  })
  const context = await testContext({ limits: { attempts: 1 } })

  await expect(obtain(base, context)).rejects.toFail('artifact/too-much-data', { says: base })
  expect(await readdir(context.shelf)).toEqual([])
})

test('a server that is busy for a moment is asked again', async () => {
  const archive = await releaseArchive(VERSION)
  let answers = 0
  const { base } = await page(archive, (_, response) => {
    answers++
    if (answers === 1) response.writeHead(503).end('busy')
    else response.end(archive)
  })
  const context = await testContext()

  await expect(obtain(base, context)).resolves.toMatchObject({ version: VERSION })
  expect(context.events.map((event) => event.text).join('\n')).toMatch(/answers 503; trying again/)
})

test('an archive that is not the published one is refused with both checksums and not kept', async () => {
  const archive = await releaseArchive(VERSION)
  const other = await releaseArchive('3.5.15')
  const { base, asked } = await page(archive, (_, response) => response.end(other))
  const context = await testContext()

  const failure = obtain(base, context)
  await expect(failure).rejects.toFail('artifact/checksum-is-not-published', {
    says: [sha256(archive), sha256(other)],
  })
  expect(asked).toHaveLength(2)
  expect(await readdir(context.shelf)).toEqual([])
})

test('a version that was never released is named, and not asked for twice', async () => {
  const archive = await releaseArchive(VERSION)
  const { base, asked } = await page(archive, (_, response) => response.writeHead(404).end())
  const context = await testContext()

  await expect(obtain(base, context)).rejects.toFail('artifact/not-released', {
    says: [`etcd ${VERSION} `, ` ${FOREIGN}: `, '404'],
  })
  expect(asked).toHaveLength(2)
})

test('checksums that do not name the archive are refused before it is downloaded', async () => {
  const asked: string[] = []
  const base = await serve((request, response) => {
    asked.push(request.url ?? '')
    response.end(`${'0'.repeat(64)}  other.tar.gz\n`)
  })
  await expect(obtain(base, await testContext())).rejects.toFail('artifact/no-published-checksum', {
    says: NAME,
  })
  expect(asked).toHaveLength(1)
})

test('redirects are followed, but not without end', async () => {
  const archive = await releaseArchive(VERSION)
  const { base } = await page(archive, (request, response) => {
    const url = request.url ?? ''
    if (url.startsWith('/store/')) response.end(archive)
    else response.writeHead(302, { location: `/store${url}` }).end()
  })
  await expect(obtain(base, await testContext())).resolves.toMatchObject({ version: VERSION })

  const { base: circle } = await page(archive, (request, response) =>
    response.writeHead(302, { location: request.url ?? '' }).end(),
  )
  await expect(obtain(circle, await testContext())).rejects.toFail('artifact/endless-redirects', {
    says: [circle, ' 5 '],
  })
})

test('a redirect from https to http is refused, every other one is followed', () => {
  const [plain, safe] = [new URL('http://mirror.example/a'), new URL('https://mirror.example/a')]
  expect(() => assertStaysProtected(safe, plain)).toFail('artifact/unencrypted-redirect', {
    says: 'http://mirror.example/a',
  })
  for (const [from, to] of [
    [safe, safe],
    [plain, safe],
    [plain, plain],
  ] as const)
    expect(() => assertStaysProtected(from, to)).not.toThrow()
})

test("the proxy of the cluster file is used, and the environment's unless NO_PROXY names the host", async () => {
  const archive = await releaseArchive(VERSION)
  const { base: proxy, asked } = await page(archive, (_, response) => response.end(archive))
  const far = 'http://releases.invalid'
  await expect(obtain(far, await testContext(), proxy)).resolves.toMatchObject({ version: VERSION })
  expect(asked.at(-1)).toBe(`${far}/v${VERSION}/${NAME}`)

  const environment = { http_proxy: proxy }
  await expect(obtain(far, await testContext({ environment }))).resolves.toMatchObject({ version: VERSION })

  const direct = await testContext({ environment: { ...environment, no_proxy: '.invalid' } })
  await expect(obtain(far, direct)).rejects.toFail('artifact/server-is-unreachable', {
    says: far,
    fix: ['`etcd.source.modules`', '`etcd.source.release.mirror`', '`etcd.source.file`'],
  })
})

test('https goes through the proxy as a tunnel', async () => {
  const targets: string[] = []
  const server = createServer().on('connect', (request, socket) => {
    targets.push(request.url ?? '')
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const proxy = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  await expect(obtain('https://releases.invalid', await testContext(), proxy)).rejects.toMatchObject({
    code: 'artifact',
  })
  expect(targets[0]).toBe('releases.invalid:443')
})

test('a login in the URL is used and never shown', async () => {
  const archive = await releaseArchive(VERSION)
  const logins: (string | undefined)[] = []
  const { base } = await page(archive, (request, response) => {
    logins.push(request.headers.authorization)
    response.end(archive)
  })
  const context = await testContext()
  const artifact = await obtain(base.replace('http://', 'http://user:secret@'), context)
  expect(logins).toEqual([`Basic ${Buffer.from('user:secret').toString('base64')}`])
  expect(JSON.stringify([artifact, context.events])).not.toContain('secret')
})

test('Ctrl-C during a download is reported as that, and leaves nothing', async () => {
  const archive = await releaseArchive(VERSION)
  const controller = new AbortController()
  const { base } = await page(archive, (_, response) => {
    response.writeHead(200, { 'content-length': archive.length })
    response.write(archive.subarray(0, 100), () => controller.abort())
  })
  const context = await testContext({ signal: controller.signal })

  await expect(obtain(base, context)).rejects.toMatchObject({ code: 'cancelled' })
  expect(await readdir(context.shelf)).toEqual([])
})

test('URL templates know version, minor and architecture, and nothing else', () => {
  expect(expandTemplate('https://m/{minor}/etcd-{version}-{arch}.tgz', '3.5.16', 'arm64')).toBe(
    'https://m/3.5/etcd-3.5.16-arm64.tgz',
  )
  expect(() => expandTemplate('https://m/{os}', '3.5.16', 'arm64')).toFail('cluster-file', { says: '{os}' })
})
