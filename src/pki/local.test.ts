import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { describeCertificate } from './certificate.ts'
import { localAuthorityExists, openLocalAuthority, type LocalAuthorityOptions } from './local.ts'
import { scratch } from './scratch.ts'
import { DAYS, memberRequest, openssl, opensslCa, put } from './testing.ts'

function open(folder: string, options: Partial<LocalAuthorityOptions> = {}) {
  return openLocalAuthority({
    clusterName: 'demo',
    directory: path.join(folder, 'state', 'ca'),
    passphrase: false,
    algorithm: 'ecdsa-p256',
    askPassphrase: () => Promise.reject(new Error('nobody should be asked')),
    now: () => new Date(),
    scryptWorkFactor: 10,
    ...options,
  })
}

const mode = (file: string) => (statSync(file).mode & 0o777).toString(8)

test('makes a CA on first use, private to its owner, and keeps it', async () => {
  const folder = scratch()
  const directory = path.join(folder, 'state', 'ca')
  expect(await localAuthorityExists({ directory })).toBe(false)
  const chain = await open(folder).chain()
  expect(await localAuthorityExists({ directory })).toBe(true)
  expect(await open(folder).chain()).toBe(chain)
  expect([mode(directory), mode(path.join(directory, 'ca.key'))]).toEqual(['700', '600'])

  const text = openssl(directory, 'x509', '-in', 'ca.crt', '-noout', '-text')
  expect(text).toContain('Subject: CN = demo etcd CA')
  expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/)
  expect(text).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign/)
  expect(text).toContain('Subject Key Identifier')
  expect(describeCertificate(chain)).toMatchObject({ keyAlgorithm: 'ecdsa-p256', isCa: true })
  expect(describeCertificate(chain).daysLeft(new Date())).toBeGreaterThanOrEqual(3652)
})

test('many runs at once make one CA and leave nothing else behind', async () => {
  const folder = scratch()
  const chains = await Promise.all(Array.from({ length: 8 }, () => open(folder).chain()))
  expect(new Set(chains).size).toBe(1)
  expect(readdirSync(path.join(folder, 'state'))).toEqual(['ca'])
})

test('a cluster name of 63 characters fits into a common name', async () => {
  const chain = await open(scratch(), { clusterName: 'x'.repeat(63) }).chain()
  expect(describeCertificate(chain).commonName).toBe(`${'x'.repeat(56)} etcd CA`)
})

test.each(['ecdsa-p256', 'rsa-2048'] as const)(
  'openssl agrees with what a %s CA issues',
  async (algorithm) => {
    const folder = scratch()
    const authority = open(folder, { algorithm })
    const { pem, warnings } = await authority.issue(memberRequest(folder, { algorithm }))
    expect(warnings).toEqual([])
    put(folder, 'ca.crt', await authority.chain())
    put(folder, 'etcd.crt', pem)
    for (const purpose of ['sslserver', 'sslclient']) {
      const verdict = openssl(
        folder,
        'verify',
        '-x509_strict',
        '-purpose',
        purpose,
        '-CAfile',
        'ca.crt',
        'etcd.crt',
      )
      expect(verdict).toBe('etcd.crt: OK\n')
    }
    expect(
      openssl(folder, 'verify', '-verify_ip', '2001:db8::11', '-CAfile', 'ca.crt', 'etcd.crt'),
    ).toContain('OK')
    expect(pem.endsWith(await authority.chain())).toBe(true)
    expect(describeCertificate(pem)).toMatchObject({
      commonName: 'etcd01',
      keyAlgorithm: algorithm,
      isCa: false,
      sans: {
        dns: ['etcd01', 'etcd01.example.org', 'localhost'],
        ips: ['192.0.2.11', '2001:DB8:0:0:0:0:0:11', '127.0.0.1', '0:0:0:0:0:0:0:1'],
        others: [],
      },
    })
  },
)

test('two certificates never share a serial', async () => {
  const folder = scratch()
  const request = memberRequest(folder)
  const issued = await open(folder).issueMany([request, request])
  const serials = issued.map(({ pem }) => describeCertificate(pem).serial)
  expect(new Set(serials).size).toBe(2)
})

test('one bad request of several, and none is signed', async () => {
  const folder = scratch()
  const good = memberRequest(folder)
  const bad = { ...good, subjectCommonName: 'etcd02' }
  await expect(open(folder).issueMany([good, bad])).rejects.toFail('pki/request-for-another-subject', {
    host: 'etcd02',
  })
})

test('the key is encrypted under the passphrase, which is asked for once for many requests', async () => {
  const folder = scratch()
  const purposes: string[] = []
  const askPassphrase = (purpose: string) => {
    purposes.push(purpose)
    return Promise.resolve('correct horse')
  }
  await open(folder, { passphrase: true, askPassphrase }).chain()
  const directory = path.join(folder, 'state', 'ca')
  expect(readdirSync(directory).toSorted()).toEqual(['ca.crt', 'ca.key.age'])
  expect(mode(path.join(directory, 'ca.key.age'))).toBe('600')
  expect(readFileSync(path.join(directory, 'ca.key.age'), 'latin1')).toMatch(
    /^age-encryption.org\/v1\n-> scrypt /,
  )

  const again = open(folder, { passphrase: true, askPassphrase })
  await again.chain()
  expect(purposes).toEqual([expect.stringContaining(path.join(directory, 'ca.key.age'))])
  const request = memberRequest(folder)
  await Promise.all([again.issue(request), again.issue(request)])
  expect(purposes).toHaveLength(2)
})

test('a wrong passphrase is said to be one, and the right one works afterwards', async () => {
  const folder = scratch()
  const answers = ['right', 'wrong', 'right']
  const askPassphrase = () => Promise.resolve(answers.shift() ?? '')
  const authority = open(folder, { passphrase: true, askPassphrase })
  await authority.chain()
  const request = memberRequest(folder)
  await expect(authority.issue(request)).rejects.toFail('pki/wrong-passphrase', { says: 'ca.key.age' })
  await expect(authority.issue(request)).resolves.toMatchObject({ warnings: [] })
})

test('an empty passphrase makes no CA', async () => {
  const folder = scratch()
  const authority = open(folder, { passphrase: true, askPassphrase: () => Promise.resolve('') })
  await expect(authority.chain()).rejects.toFail('pki/empty-passphrase')
  expect(readdirSync(folder)).toEqual([])
})

test('a plain key where a passphrase is wanted is refused', async () => {
  const folder = scratch()
  await open(folder).chain()
  await expect(open(folder, { passphrase: true }).issue(memberRequest(folder))).rejects.toFail(
    'pki/ca-key-has-no-passphrase',
  )
})

test('a CA whose key is missing is not created again', async () => {
  const folder = scratch()
  const directory = path.join(folder, 'state', 'ca')
  await open(folder).chain()
  const before = readFileSync(path.join(directory, 'ca.crt'), 'utf8')
  rmSync(path.join(directory, 'ca.key'))
  await expect(open(folder).issue(memberRequest(folder))).rejects.toFail('pki/ca-key-is-missing', {
    says: directory,
  })
  expect(readFileSync(path.join(directory, 'ca.crt'), 'utf8')).toBe(before)

  rmSync(path.join(directory, 'ca.crt'))
  put(directory, 'notes.txt', 'something else')
  await expect(open(folder).chain()).rejects.toMatchObject({ code: 'state' })
  expect(readdirSync(directory)).toEqual(['notes.txt'])
})

test("validity is limited to the CA's own, and that is reported", async () => {
  const folder = scratch()
  const existing = opensslCa(folder, 'short', { days: 10 })
  const { pem, warnings } = await open(folder, { existing }).issue(memberRequest(folder))
  const ca = describeCertificate(readFileSync(existing.certificate, 'utf8'))
  expect(describeCertificate(pem).notAfter).toEqual(ca.notAfter)
  expect(warnings).toEqual([expect.stringMatching(/\d{4}-\d\d-\d\d .* 365 days, .*CN=short /)])
})

test('an expired CA and one from the future are refused', async () => {
  const folder = scratch()
  const existing = opensslCa(folder, 'old', { days: 30 })
  const request = memberRequest(folder)
  const at = (days: number) => open(folder, { existing, now: () => new Date(Date.now() + days * DAYS) })
  await expect(at(31).issue(request)).rejects.toFail('pki/ca-has-expired', {
    says: /CN=old .* \d{4}-/,
  })
  await expect(at(-1).issue(request)).rejects.toFail('pki/ca-is-not-yet-valid', {
    says: /CN=old .* \d{4}-/,
  })
  await expect(at(29).issue(request)).resolves.toBeDefined()
})

const CA = 'basicConstraints = critical, CA:TRUE'
test.each([
  ['no CA', ['basicConstraints = CA:FALSE'], 'ca-may-not-sign', /CN=ca .*CA:TRUE/],
  ['not said to be a CA', ['subjectKeyIdentifier = hash'], 'ca-may-not-sign', /CN=ca .*CA:TRUE/],
  [
    'without keyCertSign',
    [CA, 'keyUsage = critical, cRLSign, digitalSignature'],
    'ca-may-not-sign',
    /keyUsage .*keyCertSign/,
  ],
  [
    'constrained to other DNS names',
    [CA, 'nameConstraints = critical, permitted;DNS:example.com'],
    'name-constraints',
    / DNS etcd01, /,
  ],
  [
    'constrained to another network',
    [CA, 'nameConstraints = critical, permitted;IP:198.51.100.0/255.255.255.0'],
    'name-constraints',
    / IP 192\.0\.2\.11, IP 2001:db8::11, IP 127/,
  ],
  [
    'with a network excluded',
    [CA, 'nameConstraints = critical, excluded;IP:192.0.2.0/255.255.255.0'],
    'name-constraints',
    /\D IP 192\.0\.2\.11$/,
  ],
] as const)('refuses an existing CA %s', async (_what, extensions, id, says) => {
  const folder = scratch()
  const existing = opensslCa(folder, 'ca', { extensions: [...extensions] })
  await expect(open(folder, { existing }).issue(memberRequest(folder))).rejects.toFail(`pki/${id}`, { says })
})

test('takes a CA without a keyUsage, as plain `openssl req -x509` makes it', async () => {
  const folder = scratch()
  const existing = opensslCa(folder, 'ca', { extensions: [CA] })
  await expect(open(folder, { existing }).issue(memberRequest(folder))).resolves.toBeDefined()
})

const BITS = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
const P384 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']
test.each([
  ['PKCS#1', BITS, ['rsa', '-traditional'], 'BEGIN RSA PRIVATE KEY'],
  ['SEC1', P384, ['ec'], 'BEGIN EC PRIVATE KEY'],
  ['encrypted PKCS#8', P384, ['pkcs8', '-topk8', '-passout', 'pass:secret'], 'BEGIN ENCRYPTED PRIVATE KEY'],
  [
    'encrypted PKCS#1',
    BITS,
    ['rsa', '-traditional', '-aes256', '-passout', 'pass:secret'],
    'Proc-Type: 4,ENCRYPTED',
  ],
])('reads an existing key in %s', async (_what, key, convert, marker) => {
  const folder = scratch()
  const { certificate } = opensslCa(folder, 'ca', { key })
  const file = put(folder, 'kept.key', openssl(folder, ...convert, '-in', 'ca.key'))
  expect(readFileSync(file, 'utf8')).toContain(marker)
  const asked: string[] = []
  const askPassphrase = (purpose: string) => {
    asked.push(purpose)
    return Promise.resolve('secret')
  }
  const existing = { certificate, key: file }
  const { pem } = await open(folder, { existing, askPassphrase }).issue(memberRequest(folder))
  put(folder, 'etcd.crt', pem)
  expect(openssl(folder, 'verify', '-CAfile', 'ca.crt', 'etcd.crt')).toBe('etcd.crt: OK\n')
  expect(asked).toHaveLength(marker.includes('ENCRYPTED') ? 1 : 0)

  if (!marker.includes('ENCRYPTED')) return
  const wrong = open(folder, { existing, askPassphrase: () => Promise.resolve('no') })
  await expect(wrong.issue(memberRequest(folder))).rejects.toFail('pki/wrong-passphrase', {
    says: file,
  })
})

test('refuses a key that every user can read, with the fix', async () => {
  const folder = scratch()
  const { certificate, key } = opensslCa(folder, 'ca')
  const file = put(folder, 'open.key', readFileSync(key, 'utf8'), 0o644)
  await expect(
    open(folder, { existing: { certificate, key: file } }).issue(memberRequest(folder)),
  ).rejects.toFail('permission/secret-is-not-private', {
    says: file,
    fix: `chmod 600 ${file}`,
  })
})

test('refuses the key of another CA', async () => {
  const folder = scratch()
  const { certificate } = opensslCa(folder, 'one')
  const { key } = opensslCa(folder, 'two')
  const authority = open(folder, { existing: { certificate, key } })
  await expect(authority.issue(memberRequest(folder))).rejects.toFail('pki/key-of-another-ca', {
    says: key,
  })
})

function intermediate(folder: string, rootExtensions: string[]) {
  opensslCa(folder, 'root', { extensions: rootExtensions })
  const middle = opensslCa(folder, 'middle', { issuer: 'root' })
  const read = (name: string) => readFileSync(path.join(folder, name), 'utf8')
  return {
    key: middle.key,
    read,
    existing: (order: string[]) => {
      const certificate = put(folder, 'bundle.crt', order.map((name) => read(`${name}.crt`)).join(''))
      return { certificate, key: middle.key }
    },
  }
}

test('an existing intermediate issues with its chain up to the root, and warns of the root', async () => {
  const folder = scratch()
  const { existing, read } = intermediate(folder, [CA])
  const authority = open(folder, { existing: existing(['middle', 'root']) })
  expect(await authority.chain()).toBe(read('middle.crt') + read('root.crt'))
  const { pem, warnings } = await authority.issue(memberRequest(folder))
  put(folder, 'etcd.crt', pem)
  const verdict = openssl(folder, 'verify', '-CAfile', 'root.crt', '-untrusted', 'etcd.crt', 'etcd.crt')
  expect(verdict).toBe('etcd.crt: OK\n')
  expect(warnings).toEqual([expect.stringMatching(/issued below CN=root/)])
  expect(readdirSync(folder)).not.toContain('state')
})

test('refuses an intermediate deeper than its root allows, and a bundle with foreign certificates', async () => {
  const folder = scratch()
  const { existing } = intermediate(folder, ['basicConstraints = critical, CA:TRUE, pathlen:0'])
  const deep = open(folder, { existing: existing(['middle', 'root']) })
  await expect(deep.issue(memberRequest(folder))).rejects.toFail('pki/ca-may-not-sign', {
    says: /^CN=root \D* 0 .*\(pathlen\).* 1$/,
  })
  opensslCa(folder, 'foreign')
  const mixed = open(folder, { existing: existing(['middle', 'foreign', 'root']) })
  await expect(mixed.chain()).rejects.toFail('pki/not-a-chain', { says: /: CN=foreign$/ })
})

test('says what is wrong with a certificate file that is none', async () => {
  const folder = scratch()
  const existing = { certificate: put(folder, 'no.crt', 'hello'), key: 'x' }
  await expect(open(folder, { existing }).chain()).rejects.toFail('pki/no-certificate', { says: 'no.crt' })
  const absent = { certificate: path.join(folder, 'absent.crt'), key: 'x' }
  await expect(open(folder, { existing: absent }).chain()).rejects.toMatchObject({ code: 'pki' })
})

test.for([
  ['a byte order mark', (pem: string) => `\uFEFF${pem}`],
  ['UTF-16', (pem: string) => Buffer.from(`\uFEFF${pem}`, 'utf16le')],
  ['Windows line ends', (pem: string) => pem.replaceAll('\n', '\r\n')],
] as const)('a CA whose files have %s signs', async ([, change]) => {
  const folder = scratch()
  const ca = opensslCa(folder, 'ca')
  for (const file of [ca.certificate, ca.key]) writeFileSync(file, change(readFileSync(file, 'utf8')))
  const { pem } = await open(folder, { existing: ca }).issue(memberRequest(folder))
  expect(pem).toContain('BEGIN CERTIFICATE')
})

test('a CA certificate in DER or PKCS#7 is taken', async () => {
  const folder = scratch()
  const ca = opensslCa(folder, 'ca')
  const chain = await open(folder, { existing: ca }).chain()
  openssl(folder, 'x509', '-in', 'ca.crt', '-outform', 'der', '-out', 'ca.der')
  openssl(folder, 'crl2pkcs7', '-nocrl', '-certfile', 'ca.crt', '-outform', 'der', '-out', 'ca.p7b')
  for (const name of ['ca.der', 'ca.p7b']) {
    const existing = { certificate: path.join(folder, name), key: ca.key }
    expect(await open(folder, { existing }).chain()).toBe(chain)
  }
})

test('a CA key that is none says what it is instead, with a command that makes it one', async () => {
  const folder = scratch()
  const ca = opensslCa(folder, 'ca')
  openssl(folder, 'pkey', '-in', 'ca.key', '-outform', 'der', '-out', 'der.key')
  put(folder, 'openssh.key', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n')
  put(folder, 'crt.key', readFileSync(ca.certificate, 'utf8'))
  put(folder, 'empty.key', '')
  const errorOf = async (name: string) => {
    chmodSync(path.join(folder, name), 0o600)
    const existing = { certificate: ca.certificate, key: path.join(folder, name) }
    return await open(folder, { existing })
      .issue(memberRequest(folder))
      .catch((error: unknown) => error)
  }
  const der = (await errorOf('der.key')) as { readonly hint: string }
  expect(der).toFail('pki/no-private-key', { says: 'DER' })
  const [, command = ''] = /openssl (pkey [^(]+) \(/.exec(der.hint) ?? []
  openssl(folder, ...command.split(' '))
  await open(folder, { existing: { ...ca, key: path.join(folder, 'NEW.key') } }).issue(memberRequest(folder))
  expect(await errorOf('openssh.key')).toFail('pki/no-private-key', { fix: /ssh-keygen .*PKCS8/ })
  expect(await errorOf('crt.key')).toFail('pki/no-private-key', { says: 'CERTIFICATE' })
  expect(await errorOf('empty.key')).toFail('pki/no-private-key', { fix: 'PEM' })
})
