/** Downloads over HTTP: with limits for everything, retried if that can help, and complete or not kept. */
import type { Hash } from 'node:crypto'
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { request } from 'undici'
import type { IdOf } from '../error-ids.ts'
import { QuorateError } from '../errors.ts'
import type { ArtifactContext } from './artifact.ts'
import type { NetworkLimits } from './network.ts'
import { printable } from './network.ts'
import { counted, formatBytes } from '../spec/units.ts'

/** Far larger than any file of a release: limits what a malicious mirror can write. */
const MOST_BYTES = 512 << 20

export interface Download {
  readonly url: URL
  readonly network: Dispatcher
  readonly limits: NetworkLimits
  /** The meaning of a 404, for the operator. */
  readonly missing: string
  /** What to do if the site stays unreachable: other sources, as an instruction. */
  readonly elsewhere: string
  readonly context: Pick<ArtifactContext, 'emit' | 'signal'>
}

/** A small text file. Throws an `artifact` error if it is unavailable or larger than `maxBytes`. */
export async function downloadText(download: Download, maxBytes: number): Promise<string> {
  return await withRetries(download, async () => {
    const pieces: Buffer[] = []
    let bytes = 0
    await receive(download, async (body) => {
      for await (const piece of body) {
        bytes += piece.length
        if (bytes > maxBytes) {
          throw new QuorateError(
            'artifact',
            `${printable(download.url)} is larger than ${formatBytes(maxBytes)}`,
          )
        }
        pieces.push(piece)
      }
    })
    return Buffer.concat(pieces).toString('utf8')
  })
}

/** A file, with progress events. Returns its SHA-256 (hex); leaves nothing behind after an error. */
export async function downloadFile(download: Download, file: string): Promise<string> {
  return await withRetries(download, async () => {
    const hash = createHash('sha256')
    try {
      await receive(download, async (body) => {
        const output = createWriteStream(file, { mode: 0o600, flags: 'w' })
        await pipeline(hashed(body, hash), output, { signal: download.context.signal })
      })
    } catch (error) {
      await rm(file, { force: true })
      throw error
    }
    return hash.digest('hex')
  })
}

async function* hashed(pieces: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
}

/** A temporary failure, which is retried. Its cause is the error that is reported in the end. */
class PassingTrouble extends Error {
  override readonly cause: QuorateError
  constructor(cause: QuorateError) {
    super(cause.message)
    this.cause = cause
  }
}

async function withRetries<Result>(download: Download, attempt: () => Promise<Result>): Promise<Result> {
  const { limits, context } = download
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      context.signal.throwIfAborted()
      if (!(error instanceof PassingTrouble)) throw error
      if (tries >= limits.attempts) throw error.cause
      context.emit({ kind: 'artifact', text: `${error.message}; trying again` })
      await pause(limits.backoffMs * 2 ** (tries - 1), undefined, { signal: context.signal })
    }
  }
}

type Consume = (body: AsyncIterable<Buffer>) => Promise<void>

/** One request, with its redirects, whose whole body is passed to `consume`; checks that the body is complete. */
async function receive(download: Download, consume: Consume): Promise<void> {
  const { context, limits } = download
  let url = download.url
  for (let redirects = 0; ; redirects++) {
    const response = await ask(url, download)
    const target = redirectTarget(response, url)
    if (target === undefined) {
      await receiveBody(response, url, download, consume)
      return
    }
    await response.body.dump({ limit: 64 << 10, signal: context.signal })
    if (redirects >= limits.maxRedirects) {
      throw new QuorateError(
        'artifact',
        `${printable(download.url)} redirects more than ${counted(limits.maxRedirects, 'time')}`,
        { id: 'endless-redirects' },
      )
    }
    assertStaysProtected(url, target)
    url = target
  }
}

/** @throws QuorateError `artifact` for a redirect that leaves https */
export function assertStaysProtected(from: URL, to: URL): void {
  if (from.protocol !== 'https:' || to.protocol === 'https:') return
  throw new QuorateError('artifact', `${printable(from)} redirects to an unencrypted ${printable(to)}`, {
    id: 'unencrypted-redirect',
    hint: 'name another source in the cluster file: following the redirect would give up https',
  })
}

async function ask(url: URL, { network, elsewhere, context }: Download): Promise<Dispatcher.ResponseData> {
  const headers: Record<string, string> = { 'user-agent': 'quorate', accept: '*/*' }
  if (url.username !== '') {
    const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    headers['authorization'] = `Basic ${Buffer.from(login).toString('base64')}`
  }
  try {
    return await request(url, { dispatcher: network, signal: context.signal, headers })
  } catch (error) {
    const what = `can't reach ${printable(url)}`
    throw networkTrouble(error, { id: 'server-is-unreachable', what, elsewhere }, context.signal)
  }
}

async function receiveBody(
  response: Dispatcher.ResponseData,
  url: URL,
  download: Download,
  consume: Consume,
): Promise<void> {
  const { statusCode, headers, body } = response
  if (statusCode !== 200) {
    await body.dump({ limit: 64 << 10, signal: download.context.signal })
    throw statusTrouble(statusCode, url, download)
  }
  const length = headers['content-length']
  const totalBytes = typeof length === 'string' ? Number(length) : undefined
  if ((totalBytes ?? 0) > MOST_BYTES) throw tooLarge(url)
  const counter = { doneBytes: 0 }
  try {
    await consume(metered(body, counter, totalBytes, url, download))
  } catch (error) {
    if (error instanceof QuorateError) throw error
    const { doneBytes } = counter
    const arrived =
      totalBytes === undefined ? counted(doneBytes, 'byte') : `${doneBytes} of ${counted(totalBytes, 'byte')}`
    const what = `the download of ${printable(url)} was interrupted after ${arrived}`
    const { elsewhere, context } = download
    throw networkTrouble(error, { id: 'download-was-interrupted', what, elsewhere }, context.signal)
  }
}

/** The chunks of the body, counted and reported (about a hundred times a file); ends with an error if it is too short. */
async function* metered(
  body: AsyncIterable<Buffer>,
  counter: { doneBytes: number },
  totalBytes: number | undefined,
  url: URL,
  { context }: Download,
): AsyncGenerator<Buffer> {
  const text = `downloading ${printable(url)}`
  const step = Math.max((totalBytes ?? 0) / 100, 256 << 10)
  let reported = 0
  for await (const piece of body) {
    counter.doneBytes += piece.length
    // More than announced, or endless: the mirror is not trusted.
    if (counter.doneBytes > Math.min(totalBytes ?? MOST_BYTES, MOST_BYTES)) throw tooLarge(url)
    if (counter.doneBytes - reported >= step) {
      reported = counter.doneBytes
      const total = totalBytes === undefined ? {} : { totalBytes }
      context.emit({ kind: 'artifact', text, doneBytes: reported, ...total })
    }
    yield piece
  }
  if (totalBytes !== undefined && counter.doneBytes !== totalBytes) {
    throw Object.assign(new Error('the connection closed early'), { code: 'ECONNRESET' })
  }
}

function tooLarge(url: URL): QuorateError {
  return new QuorateError('artifact', `${printable(url)} sends more data than expected`, {
    id: 'too-much-data',
    hint: `check the source in the cluster file: no file of a release has more than ${formatBytes(MOST_BYTES)}`,
  })
}

function redirectTarget(response: Dispatcher.ResponseData, from: URL): URL | undefined {
  const { location } = response.headers
  if (![301, 302, 303, 307, 308].includes(response.statusCode) || typeof location !== 'string')
    return undefined
  const target = URL.parse(location, from.href)
  if (target !== null && (target.protocol === 'http:' || target.protocol === 'https:')) return target
  throw new QuorateError('artifact', `${printable(from)} redirects to an invalid URL`)
}

function statusTrouble(statusCode: number, url: URL, download: Download): Error {
  if (statusCode === 404 || statusCode === 410) {
    return new QuorateError('artifact', `${download.missing}: ${printable(url)} answers ${statusCode}`, {
      id: 'not-released',
      hint: 'check the version and the URL in the cluster file',
    })
  }
  const error = new QuorateError('artifact', `${printable(url)} answers ${statusCode}`, {
    hint:
      statusCode === 401 || statusCode === 403 || statusCode === 407
        ? 'check the login and the proxy'
        : `rerun later. If it keeps failing, ${download.elsewhere}`,
  })
  return [408, 425, 429, 500, 502, 503, 504].includes(statusCode) ? new PassingTrouble(error) : error
}

/** Errors of Node and undici that may be temporary. A wrong name or certificate stays wrong. */
const PASSING = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
])

interface Trouble extends Pick<Download, 'elsewhere'> {
  readonly id: IdOf<'artifact'>
  readonly what: string
}

function networkTrouble(error: unknown, { id, what, elsewhere }: Trouble, signal: AbortSignal): unknown {
  if (signal.aborted || error instanceof QuorateError) return error
  const { code, message } = error as NodeJS.ErrnoException
  const stalled = code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT'
  const reason = stalled ? 'no more data arrived in time' : message || code
  const failure = new QuorateError('artifact', `${what}: ${reason}`, {
    id,
    hint: `check the network and the proxy. If this workstation can't reach the site, ${elsewhere}`,
    cause: error,
  })
  return PASSING.has(code ?? '') ? new PassingTrouble(failure) : failure
}
