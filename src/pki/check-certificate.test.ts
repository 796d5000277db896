import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { describeCertificate, spkiSha256 } from './certificate.ts'
import { checkCertificate, type CertificateWish } from './check-certificate.ts'
import { memberName } from '../spec/member-name.ts'
import type { Authority } from './authority.ts'
import { openLocalAuthority } from './local.ts'
import { allowedNames } from './names.ts'
import { scratch } from './scratch.ts'
import { DAYS, ETCD01, memberRequest, openssl, opensslCa } from './testing.ts'

const folder = scratch()
const other = opensslCa(folder, 'other')
let good: CertificateWish
let authority: Authority

beforeAll(async () => {
  authority = openLocalAuthority({
    clusterName: 'demo',
    directory: path.join(folder, 'ca'),
    passphrase: false,
    algorithm: 'ecdsa-p256',
    askPassphrase: () => Promise.resolve(''),
    now: () => new Date(),
  })
  const { pem } = await authority.issue(memberRequest(folder))
  const key = createPublicKey(createPrivateKey(readFileSync(path.join(folder, 'node.key'))))
  good = {
    pem,
    allowed: allowedNames(ETCD01),
    profile: 'member',
    caPem: await authority.chain(),
    now: new Date(),
    commonName: 'etcd01',
    keySpki: spkiSha256(key),
    algorithm: 'ecdsa-p256',
  }
})

test('a good one stays, and so does one that serves a narrower use', () => {
  expect(checkCertificate(good)).toEqual([])
  expect(checkCertificate({ ...good, profile: 'server' })).toEqual([])
})

test('the fingerprint of its key is what openssl and sha256sum say', () => {
  const der = openssl(folder, 'pkey', '-in', 'node.key', '-pubout')
  expect(describeCertificate(good.pem).publicKeySha256).toBe(spkiSha256(createPublicKey(der)))
})

const reasons: [string, Partial<CertificateWish>, string, RegExp][] = [
  [
    'a new address',
    { allowed: allowedNames({ ...ETCD01, addresses: ['2001:db8::99'] }) },
    'missing-name',
    / IP 2001:db8::99/,
  ],
  [
    'a name it lost',
    { allowed: allowedNames({ ...ETCD01, names: [] }) },
    'foreign-name',
    /DNS etcd01\.example\.org/,
  ],
  ['another name', { commonName: 'etcd02' }, 'subject', / etcd01, .* etcd02/],
  ['another CA', { caPem: readFileSync(other.certificate, 'utf8') }, 'issuer', /current CA/],
  ['another key', { keySpki: '00' }, 'key', /key/],
  ['another algorithm', { algorithm: 'rsa-2048' }, 'algorithm', /ecdsa-p256, not rsa-2048/],
  ['its end', { now: new Date(Date.now() + 366 * DAYS) }, 'expired', /expired on/],
  [
    'its end soon',
    { now: new Date(Date.now() + 360 * DAYS), renewWithinDays: 30 },
    'expires-soon',
    /expires on/,
  ],
  ['a clock far behind', { now: new Date(Date.now() - 1 * DAYS) }, 'not-yet-valid', /clock/],
  ['text that is none', { pem: 'hello' }, 'unreadable', /./],
]

test.each(reasons)('%s is a reason to issue it again', (_what, change, code, message) => {
  const found = checkCertificate({ ...good, ...change })
  expect(found.map((reason) => reason.code)).toContain(code)
  expect(found.map((reason) => reason.message).join()).toMatch(message)
})

test('a new common name changes no other verdict: reasons are distinguished', () => {
  expect(checkCertificate({ ...good, commonName: 'x', keySpki: '00' }).map(({ code }) => code)).toEqual([
    'subject',
    'key',
  ])
})

test("a certificate for servers only, a CA's, and one with odd names are detected", () => {
  const odd = opensslCa(folder, 'odd', {
    // A comma within a name must not make two of it.
    extensions: [
      'extendedKeyUsage = serverAuth',
      'subjectAltName = @names',
      '[names]',
      'email.1 = root@example.org',
      'DNS.1 = "x, DNS:etcd01"',
    ],
  })
  const wish = { ...good, pem: readFileSync(odd.certificate, 'utf8') }
  const odds = checkCertificate(wish)
  for (const [code, says] of [
    ['usage', / clientAuth$/],
    ['foreign-name', /: DNS "x, dns:etcd01", email:root@example\.org$/],
    ['missing-name', / DNS etcd01,/],
  ] as const)
    expect(odds).toContainEqual({ code, message: expect.stringMatching(says) })
  const ca = checkCertificate({ ...good, pem: readFileSync(other.certificate, 'utf8') })
  expect(ca).toContainEqual({ code: 'usage', message: expect.stringMatching(/ CA /) })
})

test('an issuer of the same name with another key is another CA', () => {
  const impostor = scratch()
  opensslCa(impostor, 'demo etcd CA')
  const caPem = readFileSync(path.join(impostor, 'demo etcd CA.crt'), 'utf8')
  expect(checkCertificate({ ...good, caPem }).map(({ code }) => code)).toEqual(['issuer'])
})

test("the members' name missing is a reason of its own; where it may be there or not it is none either way", async () => {
  const member = memberName('demo')
  const named = { ...good.allowed, dns: [...good.allowed.dns, member] }
  expect(checkCertificate({ ...good, allowed: named })).toEqual([
    { code: 'member-name', message: expect.stringContaining(` DNS ${member}, `) },
  ])
  const carrying = await authority.issue({ ...memberRequest(folder, { more: [member] }) })
  const mine = { ...good, pem: carrying.pem, keySpki: undefined }
  expect(checkCertificate({ ...mine, allowed: named })).toEqual([])
  expect(checkCertificate({ ...mine, tolerated: [member] })).toEqual([])
  // Another cluster's, below the same CA.
  expect(checkCertificate({ ...mine, tolerated: [memberName('other')] })).toMatchObject([
    { code: 'foreign-name' },
  ])
})
