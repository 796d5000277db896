/** An offline CA may return its certificates in many forms: all of them, and files next to them. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { importCertificates } from './offline-import.ts'
import { scratch } from './scratch.ts'
import { ETCD01, memberRequest, openssl, opensslCa } from './testing.ts'
import { IGNORED } from './offline-folder.ts'

const ETCD02 = { ...ETCD01, name: 'etcd02', names: [], address: '192.0.2.12', addresses: [] }

let folder: string
let signed: { readonly request: ReturnType<typeof memberRequest>; readonly pem: string }[]
let caPem: string

beforeAll(() => {
  folder = scratch()
  const ca = opensslCa(folder, 'ca')
  caPem = readFileSync(ca.certificate, 'utf8')
  signed = [memberRequest(folder), memberRequest(folder, { node: ETCD02 })].map((request, at) => {
    writeFileSync(path.join(folder, `${at}.csr`), request.csrPem)
    const names = [
      ...request.allowed.dns.map((dns) => `DNS:${dns}`),
      ...request.allowed.ips.map((ip) => `IP:${ip}`),
    ]
    const extensions = [
      'basicConstraints=CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=clientAuth,serverAuth',
      `subjectAltName=${names.join(',')}`,
    ]
    writeFileSync(path.join(folder, 'leaf.cnf'), extensions.join('\n'))
    const signing = [
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '90',
      '-extfile',
      'leaf.cnf',
    ]
    return { request, pem: openssl(folder, 'x509', '-req', '-sha256', '-in', `${at}.csr`, ...signing) }
  })
  writeFileSync(path.join(folder, 'one.crt'), signed[0]?.pem ?? '')
  writeFileSync(path.join(folder, 'two.crt'), signed[1]?.pem ?? '')
  const write = (...args: string[]) => void openssl(folder, ...args)
  write('x509', '-in', 'one.crt', '-outform', 'der', '-out', 'one.der')
  write('x509', '-in', 'one.crt', '-trustout', '-out', 'trusted.pem')
  const both = ['crl2pkcs7', '-nocrl', '-certfile', 'ca.crt', '-certfile', 'one.crt']
  write(...both, '-outform', 'der', '-out', 'one.p7b')
  write(...both, '-out', 'one.p7b.pem')
  write(...both, '-certfile', 'two.crt', '-outform', 'der', '-out', 'all.p7c')
  write('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'stray.key')
  write('req', '-x509', '-key', 'stray.key', '-subj', '/CN=stray', '-out', 'stray.crt')
  write(
    'pkcs12',
    '-export',
    '-inkey',
    'stray.key',
    '-in',
    'stray.crt',
    '-passout',
    'pass:x',
    '-out',
    'stray.p12',
  )
})

const bytesOf = (name: string) => readFileSync(path.join(folder, name))
const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le')

async function takeIn(files: Readonly<Record<string, string | Buffer>>) {
  const directory = path.join(folder, 'back')
  const issuedDirectory = path.join(folder, 'issued')
  for (const each of [directory, issuedDirectory]) rmSync(each, { recursive: true, force: true })
  mkdirSync(directory)
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(directory, name), content)
  const expected = signed.map(({ request }) => request)
  const report = await importCertificates({ directory, expected, caPem, issuedDirectory, now: new Date() })
  const kept = readdirSync(issuedDirectory).map((name) =>
    readFileSync(path.join(issuedDirectory, name), 'utf8'),
  )
  return { ...report, kept }
}

const pem = (at: number) => signed[at]?.pem ?? ''

test.for([
  ['DER', 'etcd01.cer', () => bytesOf('one.der')],
  ['DER under the name of PEM', 'etcd01.crt', () => bytesOf('one.der')],
  ['DER without any known ending', 'etcd01', () => bytesOf('one.der')],
  ['PKCS#7 with the CA before the certificate', 'etcd01.p7b', () => bytesOf('one.p7b')],
  ['PKCS#7 in PEM', 'etcd01.p7c', () => bytesOf('one.p7b.pem')],
  ['base64 without a frame', 'etcd01.cer', () => bytesOf('one.der').toString('base64')],
  ['base64 of PKCS#7 without a frame', 'etcd01.p7b', () => bytesOf('one.p7b').toString('base64')],
  ['PEM in UTF-16', 'etcd01.crt', () => utf16(pem(0))],
  ['PEM behind a byte order mark', 'etcd01.crt', () => `\uFEFF${pem(0)}`],
  [
    'Windows line ends, text before and behind',
    'etcd01.pem',
    () => `Subject: CN = etcd01\r\n${pem(0).replaceAll('\n', '\r\n')}bye`,
  ],
  ['the CA first, then the certificate', 'chain.pem', () => caPem + pem(0)],
  [
    'an old label',
    'etcd01.crt',
    () => pem(0).replaceAll('BEGIN CERT', 'BEGIN X509 CERT').replaceAll('END CERT', 'END X509 CERT'),
  ],
  ["openssl's trusted form", 'etcd01.crt', () => bytesOf('trusted.pem')],
  ['PEM called .txt', 'answer.txt', () => pem(0)],
] as const)('%s is taken', async ([, name, content]) => {
  const { files, missing, kept } = await takeIn({ [name]: content() })
  expect(files).toEqual([{ file: name, result: 'imported', commonName: 'etcd01', reasons: [] }])
  expect(missing).toEqual(['etcd02'])
  expect(kept).toEqual([pem(0)])
})

test.for(['all.p7c', 'all.pem'])('one file with the certificates of all nodes: %s', async (name) => {
  const content = name === 'all.pem' ? caPem + pem(0) + pem(1) : bytesOf(name)
  const { files, missing } = await takeIn({ [name]: content })
  expect(files.map(({ result, commonName }) => [result, commonName])).toEqual([
    ['imported', 'etcd01'],
    ['imported', 'etcd02'],
  ])
  expect(missing).toEqual([])
})

test('a private key is neither taken nor passed over in silence, wherever it lies', async () => {
  const key = bytesOf('stray.key').toString()
  const { files, kept } = await takeIn({ 'etcd01.crt': pem(0) + key, 'ca.key': key, 'etcd02.crt': pem(1) })
  expect(files).toMatchObject([
    { file: 'ca.key', result: 'ignored', reasons: [IGNORED.key] },
    {
      file: 'etcd01.crt',
      result: 'refused',
      reasons: [expect.stringContaining('private key')],
      hint: expect.stringContaining('openssl x509 -in etcd01.crt -out'),
    },
    { file: 'etcd02.crt', result: 'imported' },
  ])
  expect(kept.join('')).not.toContain('PRIVATE')
})

test('a file that is not a certificate is named: refused by its name, or ignored; exported requests are not', async () => {
  const { files } = await takeIn({
    'etcd01-member.csr': signed[0]?.request.csrPem ?? '',
    'etcd01-member.cnf': 'x',
    'README.txt': 'x',
    'sign.sh': 'x',
    'ca.srl': '01',
    'notes.md': 'hello',
    'etcd01.p12': bytesOf('stray.p12'),
    'cut.cer': bytesOf('one.der').subarray(0, 200),
    'empty.crt': '',
    'request.pem': signed[0]?.request.csrPem ?? '',
    'ca.crt': caPem,
  })
  expect(files).toMatchObject([
    { file: 'ca.crt', result: 'ignored', reasons: [] },
    { file: 'cut.cer', result: 'refused', hint: expect.stringContaining('openssl x509 -in cut.cer') },
    { file: 'empty.crt', result: 'refused', hint: expect.stringContaining('PKCS#7') },
    {
      file: 'etcd01.p12',
      result: 'refused',
      hint: expect.stringContaining('openssl pkcs12 -in etcd01.p12 -nokeys'),
    },
    { file: 'notes.md', result: 'ignored', reasons: [IGNORED.other] },
    { file: 'request.pem', result: 'refused', reasons: [expect.stringContaining('CERTIFICATE REQUEST')] },
  ])
  expect(files).toHaveLength(6)
})

test('the commands of the hints make of a file what can be taken', async () => {
  const work = path.join(folder, 'work')
  mkdirSync(work)
  writeFileSync(path.join(work, 'etcd01.crt'), pem(0) + bytesOf('stray.key').toString())
  const { files } = await takeIn({ 'etcd01.crt': readFileSync(path.join(work, 'etcd01.crt')) })
  const command = /openssl (x509 -in \S+ -out \S+)/.exec(files[0]?.hint ?? '')?.[1] ?? ''
  openssl(work, ...command.split(' '))
  const again = await takeIn({ 'NODE.crt': readFileSync(path.join(work, 'NODE.crt')) })
  expect(again.files).toMatchObject([{ result: 'imported' }])
})
