/**
 * The client against a real HTTPS server: what it sends, and that any answer, however hostile, at most makes a request
 * fail.
 */
import * as z from 'zod'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { failedChecks } from './api-client.ts'
import { isConflict, isForbidden, mayPass, refusalOf } from './api-failure.ts'
import { type TestServer, json, no, routes, testServer } from './testing.ts'

const NAMED = z.looseObject({ metadata: z.looseObject({ name: z.string() }) })
const POD = { name: 'a', namespace: 'probe' }
const CONFIG = { kind: 'ConfigMap', name: 'coredns', namespace: 'kube-system' } as const

let server: TestServer

beforeAll(async () => {
  server = await testServer(json({}))
})
afterAll(async () => await server[Symbol.asyncDispose]())
beforeEach(() => void server.sent.splice(0))

async function thrownBy(work: Promise<unknown>): Promise<Error> {
  return await work.then(
    () => expect.fail('it succeeded'),
    (error: Error) => error,
  )
}

describe('requests', () => {
  test('get: the object if it fits, undefined if there is none', async () => {
    server.answer(
      routes({
        'GET /api/v1/namespaces/kube-system/configmaps/coredns': json({ metadata: { name: 'coredns' } }),
      }),
    )
    expect(await server.client().get(CONFIG, NAMED)).toEqual({ metadata: { name: 'coredns' } })
    expect(await server.client().get({ kind: 'Node', name: 'w/../1' }, NAMED)).toBeUndefined()
    expect(server.sent[1]?.url).toBe('/api/v1/nodes/w%2F..%2F1')
  })

  test('list: page by page until the last one, with selectors', async () => {
    server.answer((sent, response) => {
      const second = sent.url.includes('continue=next')
      const items = [{ metadata: { name: second ? 'b' : 'a' } }]
      json({ metadata: { continue: second ? '' : 'next' }, items })(sent, response)
    })
    const found = await server
      .client()
      .list('Pod', NAMED, { namespace: 'probe', labels: 'a=b', fields: 'c=d' })
    expect(found.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    expect(server.sent.map(({ url }) => url)).toEqual([
      '/api/v1/namespaces/probe/pods?limit=100&labelSelector=a%3Db&fieldSelector=c%3Dd',
      '/api/v1/namespaces/probe/pods?limit=100&labelSelector=a%3Db&fieldSelector=c%3Dd&continue=next',
    ])
  })

  test('apply: a patch of quorate as manager, forced only where it is asked for', async () => {
    server.answer(json({}))
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c', namespace: 'n' },
      data: { a: 'b' },
    } as const
    await server.client().apply(object)
    await server.client().apply(object, { force: true })
    expect(server.sent.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'PATCH /api/v1/namespaces/n/configmaps/c?fieldManager=quorate&force=false',
      'PATCH /api/v1/namespaces/n/configmaps/c?fieldManager=quorate&force=true',
    ])
    expect(server.sent[0]?.headers['content-type']).toBe('application/apply-patch+yaml')
    expect(JSON.parse(server.sent[0]?.body ?? '')).toEqual(object)
  })

  test('patch by its type, create, delete with its dependents, evict', async () => {
    server.answer(json({}))
    const client = server.client()
    await client.patch({ kind: 'Node', name: 'w' }, { metadata: { labels: { a: null } } }, 'merge')
    await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'probe' } })
    expect(await client.delete({ kind: 'Namespace', name: 'probe' }, { graceSeconds: 0 })).toBe(true)
    expect(await client.evict(POD)).toBe(true)
    expect(server.sent.map(({ method, url, headers }) => [method, url, headers['content-type']])).toEqual([
      ['PATCH', '/api/v1/nodes/w?fieldManager=quorate', 'application/merge-patch+json'],
      ['POST', '/api/v1/namespaces?fieldManager=quorate', 'application/json'],
      ['DELETE', '/api/v1/namespaces/probe', 'application/json'],
      ['POST', '/api/v1/namespaces/probe/pods/a/eviction', 'application/json'],
    ])
    expect(JSON.parse(server.sent[2]?.body ?? '')).toMatchObject({
      propagationPolicy: 'Background',
      gracePeriodSeconds: 0,
    })
    server.answer(no(404, 'NotFound', 'gone'))
    expect(await client.delete({ kind: 'Namespace', name: 'probe' })).toBe(false)
    expect(await client.evict(POD)).toBe(false)
  })

  test('readyz: not ready is an answer, with what fails; not to be let in is an error', async () => {
    server.answer((_sent, response) => response.end('[+]ping ok\nreadyz check passed\n'))
    expect(await server.client().readyz()).toEqual({ ready: true, failed: [] })
    server.answer((_sent, response) => {
      response.statusCode = 500
      response.end('[+]ping ok\n[-]etcd failed: reason withheld\n[-]shutdown failed: reason withheld\n')
    })
    expect(await server.client().readyz()).toEqual({ ready: false, failed: ['etcd', 'shutdown'] })
    server.answer(no(403, 'Forbidden', 'no'))
    expect(isForbidden(await thrownBy(server.client().readyz()))).toBe(true)
  })

  test('the version, without its letter', async () => {
    server.answer(json({ gitVersion: 'v1.37.2' }))
    expect(await server.client().version()).toBe('1.37.2')
  })

  test('connections are kept, and what is asked at once shares few', async () => {
    server.answer(json({ gitVersion: 'v1.37.2' }))
    const before = server.connections()
    const client = server.client()
    await Promise.all(Array.from({ length: 20 }, async () => await client.version()))
    await client.version()
    expect(server.connections() - before).toBeLessThanOrEqual(4)
  })
})

describe('answers that say no', () => {
  test.each([
    [401, 'Unauthorized', false],
    [403, 'Forbidden', false],
    [409, 'Conflict', false],
    [422, 'Invalid', false],
    [429, 'TooManyRequests', true],
    [500, 'InternalError', true],
    [503, 'ServiceUnavailable', true],
  ])('%i %s is an error with its reason', async (code, reason, passing) => {
    server.answer(no(code, reason, 'because'))
    const error = await thrownBy(server.client().get(CONFIG, NAMED))
    expect(error).toMatchObject({ code: 'kubernetes', host: 'master01', hint: expect.any(String) })
    expect(error.message).toContain(`get ConfigMap kube-system/coredns: ${code} ${reason}: because`)
    expect(refusalOf(error)).toMatchObject({ status: code, reason })
    expect(mayPass(error)).toBe(passing)
    expect(isConflict(error)).toBe(code === 409)
  })

  test('what it says acts on no terminal, and is not long', async () => {
    server.answer(no(500, 'Evil\u001B[31m', `\u001B[2J\u202Ereversed\n${'x'.repeat(20_000)}`))
    const { message } = await thrownBy(server.client().get(CONFIG, NAMED))
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(message).toContain('\\x1b[2J\\u202ereversed')
    expect(message.length).toBeLessThan(1_000)
  })

  test('an answer of something else is shown as it is, as far as it may be', async () => {
    server.answer((_sent, response) => {
      response.statusCode = 502
      response.end('<h1>Bad\u0007 gateway</h1>')
    })
    const error = await thrownBy(server.client().get(CONFIG, NAMED))
    expect(error.message).toContain('502: <h1>Bad\\x07 gateway</h1>')
    expect(mayPass(error)).toBe(true)
  })
})

describe('hostile answers', () => {
  test('a body without end is cut off', async () => {
    server.answer((_sent, response) => {
      const piece = Buffer.alloc(1024 ** 2, 'x')
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
        response.once('drain', more)
      }
      more()
    })
    const error = await thrownBy(server.client().get(CONFIG, NAMED))
    expect(error).toMatchObject({ code: 'kubernetes' })
    expect(error.message).toMatch(/failed on .*max size/i)
    expect(mayPass(error)).toBe(false)
  })

  test('a body that trickles ends with the deadline, and so does one that never begins', async () => {
    server.answer((_sent, response) => {
      const beat = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(beat))
    })
    const trickling = await thrownBy(server.client().get(CONFIG, NAMED, { timeoutMs: 300 }))
    expect(trickling).toFail('kubernetes/api-server-gives-no-answer', { says: ' 0.3 s ' })
    server.answer(() => undefined)
    const silent = await thrownBy(server.client({ timeoutMs: 200 }).version())
    expect(silent).toFail('kubernetes/api-server-gives-no-answer', { says: ' 0.2 s ' })
    expect(mayPass(silent)).toBe(true)
  })

  test.each([
    ['no JSON', 'metadata: {name: x}\u001B[31m', / JSON$/],
    ['JSON of another shape', '{"metadata":{"name":7}}', /metadata\.name: /],
    ['nothing', '', / JSON$/],
  ])('%s is an error', async (_name, body, said) => {
    server.answer((_sent, response) => response.end(body))
    const error = await thrownBy(server.client().get(CONFIG, NAMED))
    expect(error).toMatchObject({ code: 'kubernetes' })
    expect(error.message).toMatch(said)
  })

  test('pages without end are not read for ever, empty ones neither', async () => {
    const page = Array.from({ length: 100 }, (_, at) => ({ metadata: { name: String(at) } }))
    server.answer(json({ metadata: { continue: 'more' }, items: page }))
    expect((await thrownBy(server.client().list('Node', NAMED))).message).toContain('more than 5000')
    expect(server.sent.length).toBe(51)
    server.answer(json({ metadata: { continue: 'more' }, items: [] }))
    expect((await thrownBy(server.client().list('Node', NAMED))).cause).toBeInstanceOf(RangeError)
  })

  test('a log is cut, and its controls are shown', async () => {
    server.answer((_sent, response) => response.end(`a\u001B[31mb\n${'x'.repeat(1_000)}`))
    expect(await server.client().log(POD, { lines: 5, bytes: 20 })).toBe(`a\\x1b[31mb\n${'x'.repeat(12)}`)
  })

  test('names of checks are names', () => {
    expect(failedChecks('[-]etcd failed\n[-]\u001B[2J failed\nx [-]no\n[-]poststarthook/a-b failed')).toEqual(
      ['etcd', 'poststarthook/a-b'],
    )
  })
})

describe('who answers', () => {
  test('another name, another CA, no server, no TLS: each is said', async () => {
    server.answer(json({ gitVersion: 'v1.37.2' }))
    const said = async (changes: Parameters<TestServer['client']>[0]) =>
      await thrownBy(server.client(changes).version())
    expect(await said({ identity: '192.0.2.22' })).toFail('kubernetes/api-server-of-another-name')
    await using other = await testServer(json({}))
    expect(await said({ tls: other.options.tls })).toFail('kubernetes/api-server-of-another-ca')
    expect(await said({ target: { socketPath: '/nowhere/at/all' } })).toFail('kubernetes/node-is-unreachable')
  })

  test('a connection that ends before an answer may be a server that starts or stops', async () => {
    server.answer((_sent, response) => void response.destroy())
    const error = await thrownBy(server.client().version())
    expect(error).toFail('kubernetes/no-api-server-there', { says: ' 192.0.2.21 ' })
    expect(mayPass(error)).toBe(true)
  })

  test('the signal ends what is under way, and so does closing', async () => {
    server.answer(() => undefined)
    const ending = new AbortController()
    const call = thrownBy(server.client({ signal: ending.signal }).version())
    const client = server.client()
    const closed = thrownBy(client.version())
    await expect.poll(() => server.sent.length).toBe(2)
    ending.abort()
    await client.close()
    expect(await call).toMatchObject({ code: 'cancelled' })
    expect(await closed).toMatchObject({ code: 'cancelled' })
  })
})
