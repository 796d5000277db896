import { expect, test } from 'vitest'
import { checkCsr } from './csr.ts'
import { allowedNames, NO_NAMES } from './names.ts'
import { memberName } from '../spec/member-name.ts'
import { checkedCommonName, renderOpensslConfig } from './openssl-config.ts'
import { makeCsr, makeKeyPair } from './signer.ts'
import { scratch } from './scratch.ts'
import { ETCD01, memberRequest, openssl, opensslCsr, put } from './testing.ts'

const allowed = allowedNames(ETCD01)
const base = renderOpensslConfig({
  commonName: 'etcd01',
  names: allowed,
  profile: 'member',
  algorithm: 'ecdsa-p256',
})

/** The node's configuration with additional lines in its request, or other changes. */
function asking(change: (config: string) => string): string {
  const changed = change(base)
  expect(changed).not.toBe(base)
  return opensslCsr(scratch(), changed)
}

const extension = (line: string) => (config: string) =>
  config.replace('[ v3_req ]\n', `[ v3_req ]\n${line}\n`)
const name = (line: string) => (config: string) => `${config}${line}\n`

test.each(['ecdsa-p256', 'rsa-2048'] as const)(
  'takes what openssl makes of our configuration (%s)',
  async (algorithm) => {
    const request = memberRequest(scratch(), { algorithm })
    const checked = await checkCsr(request.csrPem, request.allowed, 'etcd01', 'member')
    expect(checked).toMatchObject({ commonName: 'etcd01', keyAlgorithm: algorithm })
    expect(checked.names.ips).toContain('2001:db8::11')
  },
)

test("accepts quorate's own request for a client", async () => {
  const csr = await makeCsr('operator', await makeKeyPair('ecdsa-p256'))
  await expect(checkCsr(csr, NO_NAMES, 'operator', 'client')).resolves.toMatchObject({
    names: { dns: [], ips: [] },
  })
})

test('names every foreign name, and only those', async () => {
  const csr = asking(
    name('DNS.8 = evil.example.org\nIP.8 = 198.51.100.9\nIP.9 = 2001:db8::12\nURI.1 = http://x/'),
  )
  await expect(checkCsr(csr, allowed, 'etcd01', 'member')).rejects.toFail('pki/request-for-other-names', {
    host: 'etcd01',
    says: /: DNS evil\.example\.org, IP 198\.51\.100\.9, IP 2001:db8::12, url http:\/\/x\/$/,
  })
})

test("the members' name is only for members among each other, and never a common name", async () => {
  const member = memberName('prod')
  const named = asking(name(`DNS.8 = ${member}`))
  const names = { ...allowed, dns: [...allowed.dns, member] }
  for (const profile of ['member', 'peer'] as const)
    await expect(checkCsr(named, names, 'etcd01', profile)).resolves.toMatchObject({ commonName: 'etcd01' })
  // Even if allowed: it isn't for servers or clients.
  for (const profile of ['server', 'client'] as const)
    await expect(checkCsr(named, names, 'etcd01', profile)).rejects.toFail('pki/reserved-name', {
      says: new RegExp(`: ${member} .* ${profile}$`),
    })
  // Another cluster's name, another case and a wildcard are refused too.
  for (const foreign of [memberName('other'), member.toUpperCase(), '*.prod.quorate.internal']) {
    const csr = await makeCsr('operator', await makeKeyPair('ecdsa-p256'), [foreign])
    await expect(checkCsr(csr, NO_NAMES, 'operator', 'client')).rejects.toFail('pki/reserved-name')
  }
  const called = await makeCsr(member, await makeKeyPair('ecdsa-p256'))
  await expect(checkCsr(called, NO_NAMES, member, 'client')).rejects.toFail('pki/reserved-name', {
    says: `: ${member} `,
  })
  expect(() => checkedCommonName(member)).toFail('pki/reserved-name', { says: member })
})

test('an IPv6 address in another form is not a foreign name', async () => {
  const csr = asking((config) => config.replace('= 2001:db8::11', '= 2001:DB8:0:0:0:0:0:11'))
  await expect(checkCsr(csr, allowed, 'etcd01', 'member')).resolves.toMatchObject({ commonName: 'etcd01' })
})

test.each([
  ['a CA', (config: string) => config.replace('CA:FALSE', 'CA:TRUE'), 'request-for-more-rights', / CA$/],
  [
    'signing certificates',
    (c: string) => c.replace('digitalSignature', 'digitalSignature, keyCertSign'),
    'request-for-more-rights',
    / key usage /,
  ],
  [
    'code signing',
    (c: string) => c.replace('clientAuth', 'codeSigning, clientAuth'),
    'request-for-more-rights',
    /1\.3\.6\.1\.5\.5\.7\.3\.3/,
  ],
  [
    'any usage',
    (c: string) => c.replace('clientAuth', 'anyExtendedKeyUsage, clientAuth'),
    'request-for-more-rights',
    /2\.5\.29\.37\.0/,
  ],
  [
    'an unknown extension',
    extension('1.2.3.4 = ASN1:UTF8String:hello'),
    'request-for-more-rights',
    /extension 1\.2\.3\.4/,
  ],
  [
    'another common name',
    (c: string) => c.replace('CN = etcd01', 'CN = etcd02'),
    'request-for-another-subject',
    / CN=etcd02, .*CN=etcd01/,
  ],
  [
    'an organisation',
    (c: string) => c.replace('CN = etcd01', 'O = system:masters\nCN = etcd01'),
    'request-for-another-subject',
    /system:masters/,
  ],
  ['an e-mail name', name('email.1 = root@example.org'), 'request-for-other-names', /email root@example.org/],
  [
    'an unknown kind of name',
    name('otherName.1 = 1.2.3.4;UTF8:hello'),
    'request-for-other-names',
    / 1 .*unknown type/,
  ],
  [
    'a missing address',
    (c: string) => c.replace(/IP\.2 = .*\n/, ''),
    'request-without-a-name',
    / IP 2001:db8::11$/,
  ],
] as const)('refuses a request for %s', async (_what, change, id, says) => {
  await expect(checkCsr(asking(change), allowed, 'etcd01', 'member')).rejects.toFail(`pki/${id}`, {
    host: 'etcd01',
    says,
  })
})

test('all that is wrong is said at once', async () => {
  const csr = asking((config) => name('DNS.8 = evil')(config.replace('CA:FALSE', 'CA:TRUE')))
  const refused = checkCsr(csr, allowed, 'etcd01', 'member')
  await expect(refused).rejects.toFail('pki/request-for-more-rights', { says: /CA; .*: DNS evil$/ })
  await expect(refused).rejects.toFail('pki/request-for-other-names')
})

test('refuses a request that was changed after signing', async () => {
  const pem = opensslCsr(scratch(), base)
  const der = Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ''), 'base64')
  const at = der.indexOf('etcd01')
  der.write('etcd02', at)
  const tampered = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  const forEtcd02 = allowedNames({ ...ETCD01, name: 'etcd02' })
  await expect(checkCsr(tampered, forEtcd02, 'etcd02', 'member')).rejects.toFail(
    'pki/request-with-invalid-signature',
    { host: 'etcd02' },
  )
})

test.each([
  ['RSA of 1024 bits', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'], /rsa-1024/],
  ['a small curve', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp224r1'], /secp224r1/],
  ['Ed25519', ['-algorithm', 'ED25519'], /ed25519/],
])('refuses a key of %s', async (_what, algorithm, says) => {
  const folder = scratch()
  put(folder, 'node.cnf', base)
  openssl(folder, 'genpkey', ...algorithm, '-out', 'weak.key')
  const csr = openssl(folder, 'req', '-new', '-key', 'weak.key', '-config', 'node.cnf')
  await expect(checkCsr(csr, allowed, 'etcd01', 'member')).rejects.toFail('pki/weak-request', { says })
})

test.each(['', 'hello', '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n'])(
  'says so when it is no request: %j',
  async (text) => {
    await expect(checkCsr(text, allowed, 'etcd01', 'member')).rejects.toMatchObject({
      code: 'pki',
      host: 'etcd01',
    })
  },
)
