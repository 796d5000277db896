import { expect, test } from 'vitest'
import { allowedNames, NO_NAMES } from './names.ts'
import { renderOpensslConfig } from './openssl-config.ts'
import { scratch } from './scratch.ts'
import { ETCD01, opensslCsr, put, openssl } from './testing.ts'

const options = {
  commonName: 'etcd01',
  names: allowedNames(ETCD01),
  profile: 'member',
  algorithm: 'ecdsa-p256',
} as const

test('openssl creates the expected request', () => {
  const folder = scratch()
  put(folder, 'request.csr', opensslCsr(folder, renderOpensslConfig(options)))
  const text = openssl(folder, 'req', '-in', 'request.csr', '-noout', '-text')
  expect(text).toContain('Subject: CN = etcd01\n')
  expect(text).toContain('CA:FALSE')
  expect(text).toContain('TLS Web Client Authentication, TLS Web Server Authentication')
  expect(text).toContain(
    'DNS:etcd01, DNS:etcd01.example.org, DNS:localhost, IP Address:192.0.2.11, IP Address:2001:DB8:0:0:0:0:0:11, ' +
      'IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
  )
})

test('a client asks for no names and no server usage', () => {
  const config = renderOpensslConfig({ ...options, names: NO_NAMES, profile: 'client' })
  expect(config).not.toContain('subjectAltName')
  expect(config).not.toContain('serverAuth')
})

test.each([
  'a\nbasicConstraints = CA:TRUE',
  '$ENV::HOME',
  'a#b',
  'a b',
  'a,DNS:evil',
  '-a',
  '',
  'ä.example.org',
  'a..b',
])('refuses the DNS name %j', (dns) => {
  expect(() => renderOpensslConfig({ ...options, names: { dns: [dns], ips: [] } })).toFail('pki/unfit-name', {
    says: [JSON.stringify(dns), 'DNS'],
  })
})

test.each(['10.0.0.1\n', '10.0.0.1,DNS:evil', 'fe80::1%eth0', '$x'])('refuses the address %j', (ip) => {
  expect(() => renderOpensslConfig({ ...options, names: { dns: [], ips: [ip] } })).toFail('pki/unfit-name', {
    says: [JSON.stringify(ip), 'IP'],
  })
})

test.each(['a\nb', '$HOME', '../x', 'a/b', '', 'x'.repeat(65)])(
  'refuses the common name %j',
  (commonName) => {
    expect(() => renderOpensslConfig({ ...options, commonName })).toFail('pki/unfit-name', {
      says: JSON.stringify(commonName),
    })
  },
)
