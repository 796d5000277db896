/**
 * Certificates and secrets on a node, with the agent's own programs and the real openssl; ownership of parent
 * directories is assumed.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LEAVES, leafLook } from '../engine/leaf-steps.ts'
import { openssl, opensslCa } from '../pki/testing.ts'
import files from './agent/files.sh?raw'
import ground from './agent/ground.sh?raw'
import leaves from './agent/leaves.sh?raw'
import looks from './agent/looks.sh?raw'
import main from './agent/main.sh?raw'
import tls from './agent/tls.sh?raw'
import { type LeafPlace, parseLeaves, parseSecrets } from './leaves.ts'
import type { Operation, Look, Values } from './operations.ts'
import places from './places.sh?raw'

let folder: string
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'quorate-leaves-'))))
afterEach(() => rmSync(folder, { recursive: true }))

/** Checking the owner of parent directories needs root; a separate test covers that it is checked. */
const HERE = `
state=$place/state staging=$place heavy=no draft=
leaf_requests=$place/requests
chown() { :; }
require_root() { printf '%s\\n' "$1" >>"$place/asked"; }
make_folder() { mkdir -p "$1"; }
is_roots() { true; }
sync() { :; }
check_fence() { :; }
`

/** With the real check of parent directories. */
const ROOTS = `
state=$place/state staging=$place heavy=no draft=
leaf_requests=$place/requests
make_folder() { mkdir -p "$1"; }
check_fence() { :; }
`

/** Replaces those parts of the agent's programs that need root, or a node. */
let stand = HERE
beforeEach(() => void (stand = HERE))

/** @returns the printed lines @throws the error output */
function agent(...operations: readonly (Operation | Look)[]): string[] {
  let count = 0
  const words = operations.flatMap(([name, values]) => {
    const given = Object.entries<Values[string]>(values ?? {}).flatMap(([key, value]) => {
      if (value === undefined) return []
      if (typeof value === 'object' && 'text' in value) {
        count += 1
        writeFileSync(path.join(folder, `t${count}`), value.text)
        return [`${key}=t${count}`]
      }
      return (typeof value === 'string' ? [value] : (value as readonly string[])).map(
        (one) => `${key}=${one}`,
      )
    })
    return [String(given.length + 1), name, ...given]
  })
  const stubs = 'set -eu\numask 077\nfail() { printf "%s\\n" "$*" >&2; exit 1; }\n'
  const text = `${stubs}${places}${ground}${files}${tls}${looks}${leaves}${stand}${main}`
  const env = { PATH: process.env['PATH'], place: folder }
  const result = spawnSync('/bin/sh', ['-c', text, 'quorate', ...words], { env, encoding: 'utf8' })
  if (result.status !== 0) throw new Error(result.stderr.trim())
  return result.stdout.replaceAll(`${folder}/requests/`, '/var/lib/quorate/leaves/').split('\n')
}

function look(...asked: readonly Look[]) {
  const lines = agent(...asked)
  const all = (key: string) =>
    lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1))
  const texts: Record<string, string> = {}
  for (const line of lines.filter((one) => one.startsWith('/'))) {
    const at = line.indexOf(':')
    texts[line.slice(0, at)] = `${texts[line.slice(0, at)] ?? ''}${line.slice(at + 1)}\n`
  }
  return { leaves: parseLeaves({ all }, texts) ?? {}, secrets: parseSecrets({ all }) ?? {}, lines }
}

const CONFIGURATION = '[req]\nprompt = no\ndistinguished_name = dn\n[dn]\nCN = one\n# key: ecdsa-p256\n'
const COMMON = { host: 'master01', tier: 'kubernetes', danger: 'none', what: '', why: '' } as const
const TEMPLATE = 'users:\n- user:\n    client-certificate-data: @certificate@\n    client-key-data: @key@\n'

function pair(): LeafPlace {
  return { form: 'pair', certificate: path.join(folder, 'pki/a.crt'), key: path.join(folder, 'pki/a.key') }
}

function makeKey(keep?: string): Operation[] {
  const step = { ...COMMON, kind: 'leaf-key', leaf: 'one', configuration: CONFIGURATION, keep } as const
  return [...LEAVES['leaf-key'].operations({ ...step, algorithm: 'ecdsa-p256' }, {})]
}

/** Signs the waiting requests. */
function sign(): string {
  if (!existsSync(path.join(folder, 'ca.key'))) opensslCa(folder, 'ca')
  const request = path.join(folder, 'requests/one.csr')
  const ca = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial']
  return openssl(folder, 'x509', '-req', '-in', request, ...ca, '-days', '10')
}

function putCertificate(place: LeafPlace, kubeconfig?: string, template?: string): Operation[] {
  const step = { ...COMMON, kind: 'leaf-certificate', leaf: 'one', place, kubeconfig } as const
  const contents = {
    pem: { text: sign() },
    ...(template === undefined ? {} : { template: { text: template } }),
  }
  return [...LEAVES['leaf-certificate'].operations(step, contents)]
}

function spki(file: string, kind: 'pkey' | 'x509'): string {
  const args = kind === 'pkey' ? ['pkey', '-in', file, '-pubout'] : ['x509', '-in', file, '-noout', '-pubkey']
  const pem = openssl(folder, ...args)
  const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'DER'], { input: pem })
  return execFileSync('sha256sum', { input: der, encoding: 'utf8' }).slice(0, 64)
}

function mode(file: string): string {
  return (statSync(file).mode & 0o777).toString(8)
}

test('a key is created, its request waits; the certificate is activated with it, and nothing waits any more', () => {
  const place = pair()
  agent(...makeKey())
  const waiting = look(leafLook('one', place, undefined)).leaves['one']
  expect(waiting).toMatchObject({ certificate: undefined, key: undefined, files: {} })
  expect(waiting?.request?.csr).toContain('BEGIN CERTIFICATE REQUEST')
  expect(waiting?.request?.configuration).toBe(CONFIGURATION)
  agent(...putCertificate(place))
  const {
    certificate,
    key,
    files: found,
    request,
  } = look(leafLook('one', place, undefined)).leaves['one'] ?? {}
  expect(certificate).toContain('BEGIN CERTIFICATE')
  expect(key).toBe(spki(path.join(folder, 'pki/a.crt'), 'x509'))
  expect(request).toBeUndefined()
  expect(readdirSync(path.join(folder, 'requests'))).toEqual([])
  expect(Object.values(found ?? {}).map((file) => [file.mode, file.plain])).toEqual([
    ['644', true],
    ['600', true],
  ])
  expect(readFileSync(path.join(folder, 'asked'), 'utf8')).toContain(path.join(folder, 'pki'))
})

test('a key that stays is the same before and after, in whatever form it lies there', () => {
  const kubeconfig = path.join(folder, 'scheduler.conf')
  const joined = path.join(folder, 'pki/kubelet-client-current.pem')
  const forms: readonly (readonly [LeafPlace, string])[] = [
    [pair(), path.join(folder, 'pki/a.key')],
    [{ form: 'kubeconfig', path: kubeconfig }, kubeconfig],
    [{ form: 'joined', path: joined }, joined],
  ]
  for (const [place, file] of forms) {
    const keys = ['new', 'kept'].map((which) => {
      agent(...makeKey(which === 'new' ? undefined : file))
      agent(...putCertificate(place, undefined, place.form === 'kubeconfig' ? TEMPLATE : undefined))
      return look(leafLook('one', place, undefined)).leaves['one']?.key
    })
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(keys[1]).toBe(keys[0])
  }
})

test('a kubeconfig contains both, and no look reports its key', () => {
  const file = path.join(folder, 'admin.conf')
  const place = { form: 'kubeconfig', path: file } as const
  agent(...makeKey())
  agent(...putCertificate(place, undefined, TEMPLATE))
  const text = readFileSync(file, 'utf8')
  const data = (name: string) => new RegExp(`^    client-${name}-data: (\\S+)$`, 'm').exec(text)?.[1] ?? ''
  writeFileSync(path.join(folder, 'its.key'), Buffer.from(data('key'), 'base64'))
  writeFileSync(path.join(folder, 'its.crt'), Buffer.from(data('certificate'), 'base64'))
  const own = spki(path.join(folder, 'its.crt'), 'x509')
  expect(spki(path.join(folder, 'its.key'), 'pkey')).toBe(own)
  expect(mode(file)).toBe('600')
  const seen = look(leafLook('one', place, undefined))
  expect(seen.leaves['one']).toMatchObject({ key: own, kubeconfig: 'users:\n- user:\n' })
  expect(seen.leaves['one']?.certificate).toBe(readFileSync(path.join(folder, 'its.crt'), 'utf8'))
  expect(seen.lines.join('\n')).not.toContain(data('key'))
  expect(seen.lines.join('\n')).not.toContain('PRIVATE')
})

test("the kubelet's is a link to a file with a date; its own newer one is followed, a link elsewhere is not", () => {
  const current = path.join(folder, 'pki/kubelet-client-current.pem')
  const place = { form: 'joined', path: current } as const
  const kubeconfig = path.join(folder, 'kubelet.conf')
  const asked = leafLook('one', place, kubeconfig)
  agent(...makeKey())
  agent(...putCertificate(place, kubeconfig, 'server: x\n'))
  expect(lstatSync(current).isSymbolicLink()).toBe(true)
  const [first] = readdirSync(path.join(folder, 'pki')).filter((name) =>
    /client-\d{4}-[\d-]+\.pem$/.test(name),
  )
  expect(mode(path.join(folder, 'pki', first ?? ''))).toBe('600')
  const seen = look(asked)
  expect(seen.leaves['one']).toMatchObject({ kubeconfig: 'server: x\n' })
  expect(seen.leaves['one']?.files[current]).toMatchObject({ plain: true, mode: '600' })
  expect(seen.lines.join('\n')).not.toContain('PRIVATE')
  const key = seen.leaves['one']?.key

  openssl(
    path.join(folder, 'pki'),
    'genpkey',
    '-algorithm',
    'EC',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-out',
    'kubelet-client-2031.pem',
  )
  rmSync(current)
  symlinkSync(path.join(folder, 'pki/kubelet-client-2031.pem'), current)
  const rotated = look(asked).leaves['one']
  expect(rotated?.key).toMatch(/^[0-9a-f]{64}$/)
  expect(rotated?.key).not.toBe(key)

  rmSync(current)
  symlinkSync(path.join(folder, 'ca.key'), current)
  expect(look(asked).leaves['one']).toMatchObject({ certificate: undefined, key: undefined })
  expect(look(asked).leaves['one']?.files[current]?.plain).toBe(false)
})

test('a certificate for another key is not activated, and the previous one stays', () => {
  const place = pair()
  agent(...makeKey())
  agent(...putCertificate(place))
  const before = readFileSync(path.join(folder, 'pki/a.crt'), 'utf8')
  agent(...makeKey())
  const late = putCertificate(place)
  agent(...makeKey())
  expect(() => agent(...late)).toThrow(/certificate one .*key/)
  expect(readFileSync(path.join(folder, 'pki/a.crt'), 'utf8')).toBe(before)
  rmSync(path.join(folder, 'requests/one.key'))
  expect(() => agent(...late)).toThrow(/ certificate one$/m)
})

test("a key that can't be kept is reported, and no request waits", () => {
  writeFileSync(path.join(folder, 'no.key'), 'x')
  expect(() => agent(...makeKey(path.join(folder, 'no.key')))).toThrow(
    /no.key contains no readable private key/,
  )
  expect(look(leafLook('one', pair(), undefined)).leaves['one']?.request).toBeUndefined()
})

test('for secrets a checksum is reported, for a private key its public part; links and other types have none', () => {
  const put = (name: string, text: string, secretMode: string): Operation[] => {
    const step = {
      ...COMMON,
      kind: 'secret-file',
      path: path.join(folder, 'pki', name),
      secret: name,
    } as const
    return [...LEAVES['secret-file'].operations({ ...step, mode: secretMode }, { content: { text } })]
  }
  const key = openssl(folder, 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256')
  writeFileSync(path.join(folder, 'sa.pem'), key)
  agent(
    ...put('sa.key', key, '600'),
    ...put('encryption.yaml', 'secret: x\n', '600'),
    ...put('ca.crt', 'x', '644'),
  )
  symlinkSync('sa.key', path.join(folder, 'pki/link.key'))
  const paths = ['sa.key', 'encryption.yaml', 'ca.crt', 'link.key', 'none'].map((name) =>
    path.join(folder, 'pki', name),
  )
  const { secrets, lines } = look(['secret', { paths }])
  const short = Object.entries(secrets).map(([file, state]) => [path.basename(file), state.mode, state.plain])
  expect(short).toEqual([
    ['sa.key', '600', true],
    ['encryption.yaml', '600', true],
    ['ca.crt', '644', true],
    ['link.key', '777', false],
  ])
  expect(secrets[paths[0] ?? '']?.sha256).toBe(spki(path.join(folder, 'sa.pem'), 'pkey'))
  expect(secrets[paths[1] ?? '']?.sha256).toBe(
    execFileSync('sha256sum', { input: 'secret: x\n', encoding: 'utf8' }).slice(0, 64),
  )
  expect(secrets[paths[3] ?? '']?.sha256).toBe('')
  expect(lines.join('\n')).not.toMatch(/PRIVATE|secret: x/)
})

test('a link in the place of a file is replaced, and what it leads to stays', () => {
  mkdirSync(path.join(folder, 'pki'))
  writeFileSync(path.join(folder, 'other'), 'kept')
  symlinkSync('../other', path.join(folder, 'pki/ca.crt'))
  const step = {
    ...COMMON,
    kind: 'secret-file',
    path: path.join(folder, 'pki/ca.crt'),
    secret: 'ca',
  } as const
  agent(...LEAVES['secret-file'].operations({ ...step, mode: '644' }, { content: { text: 'new' } }))
  expect(readFileSync(path.join(folder, 'other'), 'utf8')).toBe('kept')
  expect(lstatSync(path.join(folder, 'pki/ca.crt')).isFile()).toBe(true)
})

describe.skipIf(process.getuid?.() !== 0)('as root', () => {
  test("only root's own directories are used; nothing is written to others, and their links are not followed", () => {
    stand = ROOTS
    const place = pair()
    agent(...makeKey())
    agent(...putCertificate(place))
    expect(look(leafLook('one', place, undefined)).leaves['one']?.key).toMatch(/^[0-9a-f]{64}$/)
    agent(...makeKey(path.join(folder, 'pki/a.key')))
    const again = putCertificate(place)
    const before = readFileSync(path.join(folder, 'pki/a.crt'), 'utf8')
    chmodSync(path.join(folder, 'pki'), 0o777)
    expect(() => agent(...again)).toThrow(path.join(folder, 'pki'))
    expect(readFileSync(path.join(folder, 'pki/a.crt'), 'utf8')).toBe(before)
    const step = {
      ...COMMON,
      kind: 'secret-file',
      path: path.join(folder, 'pki/b'),
      secret: 'b',
      mode: '600',
    } as const
    const secret = LEAVES['secret-file'].operations(step, { content: { text: 'x' } })
    expect(() => agent(...secret)).toThrow(path.join(folder, 'pki'))
    const current = path.join(folder, 'pki/kubelet-client-current.pem')
    symlinkSync('a.key', current)
    const joined = { form: 'joined', path: current } as const
    expect(look(leafLook('one', joined, undefined)).leaves['one']?.key).toBeUndefined()
    chmodSync(path.join(folder, 'pki'), 0o755)
    expect(look(leafLook('one', joined, undefined)).leaves['one']?.key).toMatch(/^[0-9a-f]{64}$/)
  })
})
