import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { connectMember } from './client.ts'
import type { MemberEndpoint } from './endpoint.ts'
import { Maintenance } from './gen/maintenance_pb.ts'
import { servedCertificate } from './served-certificate.ts'

/** A server that requests a client's certificate, as etcd does, and how its handshakes ended. */
async function member(trusted = true): Promise<{ endpoint: MemberEndpoint; pem: string; ended: string[] }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'quorate-served-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const make = (name: string) => {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`, '-days', '3', '-subj', `/CN=${name}`]
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    const names = ['-addext', 'subjectAltName=IP:127.0.0.1']
    execFileSync('openssl', ['req', '-x509', ...kind, ...files, ...names], { cwd: folder, stdio: 'pipe' })
    const read = (ending: string) => readFileSync(path.join(folder, `${name}.${ending}`), 'utf8')
    return { cert: read('crt'), key: read('key') }
  }
  const [own, other] = [make('own'), make('other')]
  const server = tls.createServer({ ...own, ca: own.cert, requestCert: true, ALPNProtocols: ['h2'] })
  const ended: string[] = []
  server.on('tlsClientError', (error) => ended.push(error.message))
  server.on('secureConnection', (socket) => {
    // The member sends first, and answers a close with its own.
    socket.on('error', (error) => ended.push(error.message))
    socket.on('close', () => ended.push('closed'))
    socket.write('x'.repeat(100))
    socket.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const target = { address: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const ca = trusted ? own.cert : other.cert
  return {
    endpoint: { name: 'm1', target, identity: '127.0.0.1', tls: { ...own, ca } },
    pem: own.cert,
    ended,
  }
}

test.each([true, false])(
  'the connection ends in an orderly way, not during the handshake; trusted: %s',
  async (trusted) => {
    const { endpoint, pem, ended } = await member(trusted)
    for (let look = 0; look < 5; look++) expect((await servedCertificate(endpoint, 5_000))?.pem).toBe(pem)
    await expect.poll(() => ended).toEqual(Array.from({ length: 5 }, () => 'closed'))
  },
)

test('a client knows the certificate of its own connection', async () => {
  const { endpoint, pem } = await member()
  using client = connectMember({ ...endpoint, timeoutMs: 500 })
  expect(client.certificate?.()).toBeUndefined()
  // It gets no answer, because the server isn't etcd.
  await client.call(Maintenance.method.status, {}).catch(() => undefined)
  expect(client.certificate?.()?.pem).toBe(pem)
})
