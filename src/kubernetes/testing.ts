/** A TLS server with its own certificates that gives predefined answers, for the tests in this directory. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { opensslCa } from '../pki/testing.ts'
import { type ApiClient, connectApi } from './api-client.ts'
import type { ApiOptions } from './api-request.ts'

export interface Sent {
  readonly method: string
  /** Including the query. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Answer = (sent: Sent, response: ServerResponse) => void

export interface TestServer extends AsyncDisposable {
  readonly options: ApiOptions
  readonly sent: Sent[]
  /** Sets the answer from now on. */
  answer(how: Answer): void
  client(changes?: Partial<ApiOptions>): ApiClient
  /** Number of connections that it has accepted. */
  connections(): number
}

/** An answer of one JSON value. */
export function json(value: unknown, status = 200): Answer {
  return (_sent, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(value))
  }
}

/** A refusal by the API. */
export function no(code: number, reason: string, message: string): Answer {
  return json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code }, code)
}

/** Answers by method and path; anything else is not found. */
export function routes(table: Readonly<Record<string, Answer>>): Answer {
  return (sent, response) => {
    const key = `${sent.method} ${sent.url.split('?')[0]}`
    const how = table[key] ?? no(404, 'NotFound', `${key} not found`)
    how(sent, response)
  }
}

/** Listens on a unix socket, like the local end of an SSH forward. */
export async function testServer(how: Answer): Promise<TestServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'quorate-api-'))
  opensslCa(folder, 'ca')
  opensslCa(folder, 'server', { issuer: 'ca', extensions: ['subjectAltName = IP:192.0.2.21'] })
  opensslCa(folder, 'client', { issuer: 'ca', extensions: ['extendedKeyUsage = clientAuth'] })
  const pem = (name: string) => readFileSync(path.join(folder, name), 'utf8')
  const sent: Sent[] = []
  let current = how
  let connections = 0
  const server = createServer(
    {
      cert: pem('server.crt'),
      key: pem('server.key'),
      ca: pem('ca.crt'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        const { method = '', url = '', headers } = request
        const one = { method, url, headers, body: Buffer.concat(pieces).toString() }
        sent.push(one)
        current(one, response)
      })
    },
  )
  server.on('secureConnection', () => (connections += 1))
  const socketPath = path.join(folder, 'socket')
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const options: ApiOptions = {
    name: 'master01',
    target: { socketPath },
    identity: '192.0.2.21',
    tls: { ca: pem('ca.crt'), cert: pem('client.crt'), key: pem('client.key') },
    timeoutMs: 5_000,
  }
  const clients: ApiClient[] = []
  return {
    options,
    sent,
    answer: (next) => (current = next),
    client: (changes) => {
      const made = connectApi({ ...options, ...changes })
      clients.push(made)
      return made
    },
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(clients.map(async (client) => await client.close()))
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
