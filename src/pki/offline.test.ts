import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { describeCertificate } from './certificate.ts'
import { exportRequests } from './offline-export.ts'
import { NOT_ISSUED } from './check-certificate.ts'
import { NO_REQUEST, importCertificates } from './offline-import.ts'
import { memberName } from '../spec/member-name.ts'
import type { IssueRequest } from './authority.ts'
import { NotSignedYet, keysNamed, openOfflineAuthority } from './offline.ts'
import { scratch } from './scratch.ts'
import { NO_NAMES } from './names.ts'
import { renderOpensslConfig } from './openssl-config.ts'
import { ETCD01, memberRequest, openssl, opensslCa, opensslCsr, put } from './testing.ts'

const ETCD02 = { ...ETCD01, name: 'etcd02', names: [], address: '192.0.2.12', addresses: [] }

async function exported(more: readonly string[] = []) {
  const folder = scratch()
  const ca = opensslCa(folder, 'ca')
  const authority = openOfflineAuthority({
    certificate: ca.certificate,
    issuedDirectory: path.join(folder, 'issued'),
    now: () => new Date(),
  })
  const expected = [
    memberRequest(folder, { more }),
    memberRequest(folder, { node: ETCD02, profile: 'peer', algorithm: 'rsa-2048', more }),
  ]
  const out = path.join(folder, 'out')
  const files = await exportRequests(expected, out)
  const takeIn = async (requests: readonly IssueRequest[] = expected) =>
    importCertificates({
      directory: out,
      expected: requests,
      caPem: await authority.chain(),
      issuedDirectory: path.join(folder, 'issued'),
      now: new Date(),
    })
  const sign = () =>
    execFileSync('sh', [path.join(out, 'sign.sh'), ca.certificate, ca.key, '90'], { stdio: 'pipe' })
  return { folder, ca, authority, expected, out, files, takeIn, sign }
}

test('what is not signed yet is refused with the way to have it signed', async () => {
  const { authority, expected } = await exported()
  const refusal = authority.issueMany(expected)
  await expect(refusal).rejects.toBeInstanceOf(NotSignedYet)
  await expect(refusal).rejects.toFail('pki/offline-ca-has-not-signed', {
    says: / etcd01, etcd02$/,
    fix: /quorate certs csr --out DIR.*quorate certs import DIR/,
  })
})

test('requests go out, sign.sh signs them, certificates come in and are used', async () => {
  const { folder, authority, expected, out, files, takeIn, sign } = await exported()
  expect(files).toEqual(['etcd01-member.csr', 'etcd02-peer.csr'])
  sign()
  copyFileSync(path.join(folder, 'ca.crt'), path.join(out, 'ca.crt'))
  expect(await takeIn()).toEqual({
    files: [
      { file: 'ca.crt', result: 'ignored', commonName: undefined, reasons: [] },
      { file: 'etcd01-member.crt', result: 'imported', commonName: 'etcd01', reasons: [] },
      { file: 'etcd02-peer.crt', result: 'imported', commonName: 'etcd02', reasons: [] },
    ],
    missing: [],
  })
  for (const { pem } of await authority.issueMany(expected)) {
    put(folder, 'etcd.crt', pem)
    expect(openssl(folder, 'verify', '-CAfile', 'ca.crt', 'etcd.crt')).toBe('etcd.crt: OK\n')
    expect(pem.endsWith(await authority.chain())).toBe(true)
  }
})

test('the commands in README.txt work as they stand', async () => {
  const { folder, out, takeIn } = await exported()
  const readme = readFileSync(path.join(out, 'README.txt'), 'utf8')
  const commands = readme.slice(readme.indexOf('openssl x509'), readme.indexOf('\nThen copy'))
  copyFileSync(path.join(folder, 'ca.crt'), path.join(out, 'ca.crt'))
  copyFileSync(path.join(folder, 'ca.key'), path.join(out, 'ca.key'))
  execFileSync('sh', ['-e', '-c', commands], { cwd: out, stdio: 'pipe' })
  expect((await takeIn()).missing).toEqual([])
  expect(
    describeCertificate(readFileSync(path.join(out, 'etcd01-member.crt'), 'utf8')).daysLeft(new Date()),
  ).toBe(364)
})

test('files are matched by their key, whatever they are called', async () => {
  const { out, takeIn, sign } = await exported()
  sign()
  const read = (name: string) => readFileSync(path.join(out, name), 'utf8')
  const [one, two] = [read('etcd01-member.crt'), read('etcd02-peer.crt')]
  put(out, 'etcd01-member.crt', two)
  put(out, 'etcd02-peer.crt', one)
  const { files, missing } = await takeIn()
  expect(files.map(({ file, commonName }) => [file, commonName])).toEqual([
    ['etcd01-member.crt', 'etcd02'],
    ['etcd02-peer.crt', 'etcd01'],
  ])
  expect(missing).toEqual([])
})

test('each file that will not do is reported with what is wrong, and is not kept', async () => {
  const { folder, authority, expected, out, takeIn, sign } = await exported()
  sign()
  opensslCa(folder, 'wrong')
  const again = (...args: string[]) =>
    openssl(out, 'x509', '-req', '-in', 'etcd01-member.csr', '-out', 'etcd01-member.crt', ...args)
  again(
    '-CA',
    '../wrong.crt',
    '-CAkey',
    '../wrong.key',
    '-CAcreateserial',
    '-extfile',
    'etcd01-member.cnf',
    '-extensions',
    'v3_sign',
  )
  put(out, 'broken.pem', 'hello')
  put(out, 'foreign.crt', readFileSync(path.join(folder, 'wrong.crt'), 'utf8'))
  put(
    out,
    'etcd02-peer.cer',
    openssl(
      out,
      'x509',
      '-req',
      '-in',
      'etcd02-peer.csr',
      '-CA',
      '../ca.crt',
      '-CAkey',
      '../ca.key',
      '-CAcreateserial',
    ),
  )
  const { files, missing } = await takeIn()
  const byFile = Object.fromEntries(files.map((file) => [file.file, file]))
  expect(byFile['broken.pem']).toMatchObject({
    result: 'refused',
    reasons: [expect.stringMatching(/no certificate/)],
  })
  expect(byFile['foreign.crt']).toMatchObject({
    result: 'refused',
    reasons: [NO_REQUEST],
  })
  expect(byFile['etcd01-member.crt']).toMatchObject({
    commonName: 'etcd01',
    reasons: [NOT_ISSUED],
  })
  expect(byFile['etcd02-peer.cer']).toMatchObject({
    commonName: 'etcd02',
    reasons: [
      'lacks DNS etcd02, DNS localhost, IP 192.0.2.12, IP 127.0.0.1, IP ::1',
      expect.stringContaining(' clientAuth and serverAuth'),
    ],
  })
  expect(byFile['etcd02-peer.crt']).toMatchObject({ result: 'imported' })
  expect(missing).toEqual(['etcd01'])
  expect(readdirSync(path.join(folder, 'issued'))).toHaveLength(1)
  await expect(authority.issueMany(expected)).rejects.toFail('pki/offline-ca-has-not-signed', {
    host: 'etcd01',
    says: /[^,] etcd01$/,
  })
})

test('what another CA signed before waits to be signed again', async () => {
  const { folder, expected, takeIn, sign } = await exported()
  sign()
  expect((await takeIn()).missing).toEqual([])
  const next = openOfflineAuthority({
    certificate: opensslCa(folder, 'next').certificate,
    issuedDirectory: path.join(folder, 'issued'),
    now: () => new Date(),
  })
  await expect(next.issueMany(expected)).rejects.toFail('pki/offline-ca-has-not-signed', {
    says: / etcd01, etcd02$/,
  })
})

test('a request that would be refused is not exported', async () => {
  const folder = scratch()
  const request = { ...memberRequest(folder), subjectCommonName: 'etcd09' }
  await expect(exportRequests([request], path.join(folder, 'out'))).rejects.toFail(
    'pki/request-for-another-subject',
    { host: 'etcd09' },
  )
  expect(existsSync(path.join(folder, 'out'))).toBe(false)
})

test('a missing directory is an error with a fix', async () => {
  const { folder, authority, expected } = await exported()
  const directory = path.join(folder, 'nowhere')
  const caPem = await authority.chain()
  await expect(
    importCertificates({
      directory,
      expected,
      caPem,
      issuedDirectory: path.join(folder, 'issued'),
      now: new Date(),
    }),
  ).rejects.toMatchObject({ code: 'pki' })
})

test("a CA that leaves the members' name out: refused where peers demand it, and else taken, and said", async () => {
  const { authority, out, takeIn, sign, folder, expected } = await exported([memberName('demo')])
  const stripped = (file: string) => {
    const config = readFileSync(path.join(out, file), 'utf8')
    put(out, file, config.replace(/^DNS\.\d+ = member\..*\n/m, ''))
  }
  stripped('etcd01-member.cnf')
  stripped('etcd02-peer.cnf')
  sign()
  const lacks = expect.stringContaining(` DNS ${memberName('demo')}, `) as string
  expect((await takeIn()).files.map(({ result, reasons }) => [result, reasons])).toEqual([
    ['refused', [lacks]],
    ['refused', [lacks]],
  ])
  const optional = expected.map((request) => ({ ...request, mayLackMemberName: true }))
  expect((await takeIn(optional)).files.map(({ result, reasons }) => [result, reasons])).toEqual([
    ['imported', [lacks]],
    ['imported', [lacks]],
  ])
  expect(await authority.issueMany(optional)).toHaveLength(2)
  await expect(authority.issueMany(expected)).rejects.toFail('pki/imported-certificate-is-wrong', {
    says: ` DNS ${memberName('demo')}, `,
  })
  const key = describeCertificate(readFileSync(path.join(out, 'etcd01-member.crt'), 'utf8')).publicKeySha256
  const named = async () => [
    ...(await keysNamed(path.join(folder, 'issued'), [key, 'ff'], memberName('demo'))),
  ]
  expect(await named()).toEqual([])
  // Signed again as requested.
  await exportRequests(expected, out)
  sign()
  await takeIn()
  expect(await named()).toEqual([key])
})

test('requests of the same name, as the API servers of two masters have it, lie side by side and all come back', async () => {
  const { folder, authority, ca } = await exported()
  const organizations = ['on-call', 'readers']
  const one = (): IssueRequest => {
    const names = { commonName: 'kube-apiserver', organizations, names: NO_NAMES, profile: 'client' } as const
    const csrPem = opensslCsr(folder, renderOpensslConfig({ ...names, algorithm: 'ecdsa-p256' }))
    return {
      csrPem,
      profile: 'client',
      allowed: NO_NAMES,
      days: 90,
      subjectCommonName: 'kube-apiserver',
      organizations,
    }
  }
  const requests = [one(), one()]
  const out = path.join(folder, 'masters')
  expect(await exportRequests(requests, out)).toEqual([
    'kube-apiserver-client.csr',
    'kube-apiserver-client-2.csr',
  ])
  execFileSync('sh', [path.join(out, 'sign.sh'), ca.certificate, ca.key, '90'], { stdio: 'pipe' })
  const issuedDirectory = path.join(folder, 'issued')
  const taken = {
    directory: out,
    expected: requests,
    caPem: await authority.chain(),
    issuedDirectory,
    now: new Date(),
  }
  expect((await importCertificates(taken)).missing).toEqual([])
  const issued = await authority.issueMany(requests)
  expect(new Set(issued.map(({ pem }) => pem)).size).toBe(2)
  expect(issued.map(({ pem }) => describeCertificate(pem).organizations)).toEqual([
    organizations,
    organizations,
  ])
  const others = requests.map((request) => ({ ...request, organizations: ['system:masters'] }))
  await expect(authority.issueMany(others)).rejects.toFail('pki/request-for-another-subject', {
    says: 'system:masters',
  })
})
