import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Cluster } from '../spec/cluster.ts'
import { importCa } from './ca-import.ts'
import { checkCertificate } from './check-certificate.ts'
import { checkCsr } from './csr.ts'
import { NO_NAMES } from './names.ts'
import { importCertificates } from './offline-import.ts'
import { weakCas, weaknesses } from './strength.ts'
import { scratch } from './scratch.ts'
import { memberRequest, openssl, opensslCa } from './testing.ts'

const RSA_1024 = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024']
const P_224 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-224']
const RSA_2048 = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
const ED25519 = ['-algorithm', 'ED25519']
const P_384 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']

const subject = ['-x509', '-subj', '/CN=ca', '-days', '30', '-out', 'ca.crt']

/** A self-signed CA from one command. */
function caWith(folder: string, key: readonly string[], ...signature: readonly string[]): string {
  openssl(folder, 'genpkey', ...key, '-out', 'ca.key')
  openssl(folder, 'req', '-new', '-key', 'ca.key', ...signature, ...subject)
  return readFileSync(path.join(folder, 'ca.crt'), 'utf8')
}

test.each([
  ['RSA of 1024 bits', RSA_1024, ['-sha256'], / rsa-1024 /],
  ['a curve below P-256', P_224, ['-sha256'], / ec-secp224r1 /],
  ['MD5', RSA_2048, ['-md5'], / MD5 /],
  ['SHA-1', RSA_2048, ['-sha1'], / SHA-1 /],
  ['ECDSA over SHA-1', P_384, ['-sha1'], / SHA-1 /],
  ['SHA-224', RSA_2048, ['-sha224'], / SHA-224 /],
  ['PSS over SHA-1', RSA_2048, ['-sha1', '-sigopt', 'rsa_padding_mode:pss'], / RSA-PSS /],
])('%s is too weak for a CA, and it says why', (_, key, signature, expected) => {
  const pem = caWith(scratch(), key, ...signature)
  expect(weaknesses(new X509Certificate(pem)).join()).toMatch(expected)
  expect(weakCas(pem)).toMatchObject([{ message: expect.stringMatching(/ CN=ca /) }])
})

test.each([
  ['RSA with SHA-256', RSA_2048, ['-sha256']],
  ['PSS over SHA-256', RSA_2048, ['-sha256', '-sigopt', 'rsa_padding_mode:pss']],
  ['ECDSA P-384 with SHA-384', P_384, ['-sha384']],
  ['Ed25519', ED25519, []],
])('%s is strong enough', (_, key, signature) => {
  expect(weaknesses(new X509Certificate(caWith(scratch(), key, ...signature)))).toEqual([])
})

test('a request that is signed with SHA-1 is refused', async () => {
  const folder = scratch()
  openssl(folder, 'genpkey', ...RSA_2048, '-out', 'c.key')
  const csr = openssl(folder, 'req', '-new', '-sha1', '-key', 'c.key', '-subj', '/CN=client')
  await expect(checkCsr(csr, NO_NAMES, 'client', 'client')).rejects.toFail('pki/weak-request', {
    says: ' SHA-1 ',
  })
})

test('an intermediate that is too weak is found in its chain', () => {
  const folder = scratch()
  opensslCa(folder, 'root')
  opensslCa(folder, 'middle', { issuer: 'root', key: RSA_1024 })
  const chain = ['middle', 'root'].map((name) => readFileSync(path.join(folder, `${name}.crt`), 'utf8'))
  expect(weakCas(chain.join('')).map(({ message }) => message)).toEqual([
    expect.stringMatching(/ CN=middle .*: .* rsa-1024 /),
  ])
})

test('a leaf over SHA-1 is not replaced while it is in use, and refused when imported', async () => {
  const folder = scratch()
  opensslCa(folder, 'ca')
  const request = memberRequest(folder)
  openssl(folder, 'req', '-new', '-key', 'node.key', '-config', 'node.cnf', '-out', 'node.csr')
  const [signed, out] = [
    ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
    ['-out', 'node.pem'],
  ]
  const sections = ['-extfile', 'node.cnf', '-extensions', 'v3_sign']
  openssl(folder, 'x509', '-req', '-sha1', '-in', 'node.csr', ...signed, '-days', '30', ...sections, ...out)
  const caPem = readFileSync(path.join(folder, 'ca.crt'), 'utf8')
  const wish = {
    pem: readFileSync(path.join(folder, 'node.pem'), 'utf8'),
    allowed: request.allowed,
    profile: request.profile,
    caPem,
    now: new Date(),
  }
  expect(checkCertificate(wish)).toEqual([])
  expect(checkCertificate({ ...wish, entering: true })).toMatchObject([{ code: 'weak' }])

  const issuedDirectory = path.join(folder, 'issued')
  const expected = [{ ...request, csrPem: readFileSync(path.join(folder, 'node.csr'), 'utf8') }]
  const report = await importCertificates({
    directory: folder,
    expected,
    caPem,
    issuedDirectory,
    now: new Date(),
  })
  expect(report.files.find(({ file }) => file === 'node.pem')).toMatchObject({
    result: 'refused',
    reasons: [expect.stringContaining(' SHA-1 ')],
  })
  expect(report.missing).toEqual(['etcd01'])
})

const ask = () => Promise.reject(new Error('nobody is to be asked'))

test.each(['local', 'named', 'offline'] as const)(
  'a CA that is too weak is not taken from a backup: %s',
  async (home) => {
    const folder = scratch()
    const trustPem = caWith(folder, RSA_2048, '-sha1')
    const keyPem = readFileSync(path.join(folder, 'ca.key'), 'utf8')
    const place = { certificate: path.join(folder, 'new/ca.crt'), key: path.join(folder, 'new/ca.key') }
    const authority = {
      local: { home: 'local', certificate: undefined, key: undefined, passphrase: false },
      named: { home: 'local', ...place, passphrase: false },
      offline: { home: 'offline', certificate: place.certificate },
    }[home]
    const cluster = { stateDirectory: path.join(folder, 'state'), pki: { authority } } as unknown as Cluster
    await expect(importCa(cluster, { trustPem, keyPem }, ask)).rejects.toFail('pki/weak-new-ca', {
      says: ' SHA-1 ',
      fix: 'pki.authority',
    })
    expect(() => readFileSync(place.certificate)).toThrow('ENOENT')
    expect(() => readFileSync(path.join(folder, 'state/ca/ca.crt'))).toThrow('ENOENT')
  },
)
