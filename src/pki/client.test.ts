import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { describeCertificate } from './certificate.ts'
import { makeClientCertificate } from './client.ts'
import { openLocalAuthority } from './local.ts'
import { importCertificates } from './offline-import.ts'
import { openOfflineAuthority } from './offline.ts'
import { NO_NAMES } from './names.ts'
import { scratch } from './scratch.ts'
import { DAYS, openssl, opensslCa, put } from './testing.ts'

function setting() {
  const folder = scratch()
  const authority = (name: string) =>
    openLocalAuthority({
      clusterName: 'demo',
      directory: path.join(folder, name),
      passphrase: false,
      algorithm: 'ecdsa-p256',
      askPassphrase: () => Promise.resolve(''),
      now: () => new Date(),
    })
  const directory = path.join(folder, 'operator')
  const options = {
    authority: authority('ca'),
    directory,
    name: 'operator',
    days: 365,
    algorithm: 'ecdsa-p256' as const,
  }
  const make = (change: Partial<Parameters<typeof makeClientCertificate>[0]> = {}) =>
    makeClientCertificate({ ...options, now: new Date(), ...change })
  const read = (file: string) => readFileSync(path.join(directory, file), 'utf8')
  return { folder, directory, authority, make, read }
}

test("creates a client's three files; openssl accepts them for a client and not for a server", async () => {
  const { directory, make, read } = setting()
  const made = await make()
  expect(made).toMatchObject({ result: 'issued', key: path.join(directory, 'operator.key'), warnings: [] })
  expect(readdirSync(directory).toSorted()).toEqual(['ca.crt', 'operator.crt', 'operator.key'])
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  expect(statSync(made.key).mode & 0o777).toBe(0o600)
  const verify = (purpose: string) =>
    openssl(directory, 'verify', '-x509_strict', '-purpose', purpose, '-CAfile', 'ca.crt', 'operator.crt')
  expect(verify('sslclient')).toBe('operator.crt: OK\n')
  expect(() => verify('sslserver')).toThrow(/unsuitable|purpose/)
  expect(openssl(directory, 'pkey', '-in', 'operator.key', '-pubout')).toBe(
    openssl(directory, 'x509', '-in', 'operator.crt', '-noout', '-pubkey'),
  )
  expect(describeCertificate(read('operator.crt'))).toMatchObject({ subject: 'CN=operator' })
})

test('a good one is kept, and renewed when asked, near its end, or of another CA; the key stays', async () => {
  const { authority, make, read } = setting()
  await make()
  const [certificate, key] = [read('operator.crt'), read('operator.key')]
  expect(await make()).toMatchObject({ result: 'kept' })
  expect(read('operator.crt')).toBe(certificate)

  expect(await make({ now: new Date(Date.now() + 340 * DAYS) })).toMatchObject({ result: 'issued' })
  expect(await make({ renew: true })).toMatchObject({ result: 'issued' })
  const other = authority('other')
  expect(await make({ authority: other })).toMatchObject({ result: 'issued' })
  expect(read('ca.crt')).toBe(await other.chain())
  expect(read('operator.key')).toBe(key)
  expect(read('operator.crt')).not.toBe(certificate)
})

test('during a rotation: a certificate from the old CA is kept, with the request for the new one', async () => {
  const { authority, make, read } = setting()
  const old = authority('ca')
  await make()
  const certificate = read('operator.crt')
  const next = authority('next')
  const both = (await next.chain()) + (await old.chain())
  const kept = await make({ authority: { ...next, trust: async () => await Promise.resolve(both) } })
  expect(kept).toMatchObject({ result: 'kept', request: expect.stringContaining('CERTIFICATE REQUEST') })
  expect(read('operator.crt')).toBe(certificate)
  expect(await make()).toMatchObject({ result: 'kept', request: undefined })
})

test('finishes what was cut off: a key without a certificate, a certificate without its key', async () => {
  const { directory, make, read } = setting()
  await make()
  const key = read('operator.key')
  rmSync(path.join(directory, 'operator.crt'))
  expect(await make()).toMatchObject({ result: 'issued' })
  expect(read('operator.key')).toBe(key)
  rmSync(path.join(directory, 'operator.key'))
  expect(await make()).toMatchObject({ result: 'issued' })
  expect(await make()).toMatchObject({ result: 'kept' })
})

test('two at once end with one key and a certificate for it', async () => {
  const { directory, make } = setting()
  await Promise.all([make(), make(), make()])
  expect(await make()).toMatchObject({ result: 'kept' })
  expect(readdirSync(directory)).toHaveLength(3)
})

test('with an offline CA the request waits, and is met later; a renewal is not met by what it signed before', async () => {
  const { folder, directory, make, read } = setting()
  const ca = opensslCa(folder, 'offline')
  const issuedDirectory = path.join(folder, 'issued')
  const authority = openOfflineAuthority({
    certificate: ca.certificate,
    issuedDirectory,
    now: () => new Date(),
  })
  const carry = async (csrPem = '') => {
    const signed = path.join(folder, 'signed')
    put(folder, 'operator.csr', csrPem)
    put(folder, 'client.cnf', 'extendedKeyUsage = clientAuth\n')
    mkdirSync(signed, { recursive: true })
    const args = ['-CA', 'offline.crt', '-CAkey', 'offline.key', '-CAcreateserial', '-extfile', 'client.cnf']
    openssl(folder, 'x509', '-req', '-in', 'operator.csr', '-days', '90', '-out', 'signed/a.crt', ...args)
    const request = { csrPem, profile: 'client' as const, allowed: NO_NAMES, days: 365 }
    const { missing } = await importCertificates({
      directory: signed,
      expected: [{ ...request, subjectCommonName: 'operator' }],
      caPem: await authority.chain(),
      issuedDirectory,
      now: new Date(),
    })
    expect(missing).toEqual([])
  }
  const waiting = await make({ authority })
  expect(waiting.result).toBe('waiting')
  await carry(waiting.request)
  expect(await make({ authority })).toMatchObject({ result: 'issued' })
  expect(await make({ authority })).toMatchObject({ result: 'kept', request: undefined })

  const first = read('operator.crt')
  const again = await make({ authority, renew: true })
  expect(again).toMatchObject({ result: 'waiting', warnings: [expect.stringContaining('operator')] })
  expect(read('operator.csr')).toBe(again.request)
  await carry(again.request)
  // Only a caller that requested another certificate activates it: the current one is valid.
  expect(await make({ authority })).toMatchObject({
    result: 'kept',
    request: expect.stringContaining('REQUEST'),
  })
  expect(read('operator.crt')).toBe(first)
  expect(await make({ authority, renew: true })).toMatchObject({ result: 'issued' })
  expect(read('operator.crt')).not.toBe(first)
  expect(readdirSync(directory).toSorted()).toEqual(['ca.crt', 'operator.crt', 'operator.key'])
})

test.each(['../evil', 'a/b', '', '.hidden', 'a\nb'])('%j can’t name a client', async (name) => {
  const { folder, make } = setting()
  await expect(make({ name })).rejects.toMatchObject({ code: 'pki' })
  expect(readdirSync(folder)).toEqual([])
})
