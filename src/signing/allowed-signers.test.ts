import { mkdtemp, rm, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fingerprintOf, isPresent, parseSigners, retired, revoked, withSigner } from './allowed-signers.ts'
import { checkSignature } from './ssh-keygen.ts'
import { type TestSigner, testSigner } from './testing.ts'

let folder: string
let key: TestSigner
let other: TestSigner
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-signers-'))
  key = await testSigner(folder, 'operator@prod')
  other = await testSigner(folder, 'node-service01@prod')
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

const NOON = new Date('2026-11-22T12:00:00Z')
const LATER = new Date('2026-11-22T13:00:00Z')

async function check(allowed: string, at = NOON, text = 'text') {
  const signature = await key.sign('text')
  return (await checkSignature({ text, signature, principal: 'operator@prod', at, allowed, folder })).kind
}

test('a list that grows, ends and revokes: read here as ssh-keygen reads it', async () => {
  expect((await stat(key.file)).mode & 0o777).toBe(0o600)
  const both = withSigner(withSigner('', 'operator@prod', key.publicKey), other.principal, other.publicKey)
  expect(parseSigners(both)).toMatchObject([
    { principals: 'operator@prod', publicKey: key.publicKey, until: undefined, revokedAt: undefined },
    { principals: 'node-service01@prod', fingerprint: fingerprintOf(other.publicKey) },
  ])
  expect(await check(both)).toBe('good')
  expect(await check(both, NOON, 'another text')).toBe('bad')

  const ended = retired(both, 'operator@prod', NOON)
  expect(parseSigners(ended).map(({ until }) => until)).toEqual([NOON, undefined])
  expect(parseSigners(ended).map((one) => isPresent(one, LATER))).toEqual([false, true])
  expect([await check(ended), await check(ended, LATER)]).toEqual(['good', 'unknown'])
  expect(retired(ended, 'operator@prod', LATER)).toBe(ended)

  const gone = revoked(ended, fingerprintOf(key.publicKey), LATER)
  expect(parseSigners(gone)).toMatchObject([{ revokedAt: LATER, until: NOON }, { revokedAt: undefined }])
  expect(await check(gone)).toBe('unknown')
  expect(revoked(gone, 'operator@prod', NOON)).toBe(gone)
})

test('lines of other hands keep their form; a key without options gets its end as well', async () => {
  const text = `# ours\noperator@prod ${key.publicKey} a comment\n\n*@prod cert-authority ${other.publicKey}\nnonsense\n`
  expect(parseSigners(text).map(({ principals }) => principals)).toEqual(['operator@prod', '*@prod'])
  const ended = retired(text, 'operator@prod', NOON)
  expect(ended).toContain(`operator@prod valid-before="20261122120000" ${key.publicKey} a comment\n`)
  expect(ended.replace('valid-before="20261122120000" ', '')).toBe(text)
  expect([await check(ended), await check(ended, LATER)]).toEqual(['good', 'unknown'])
})

test.each([
  ['CRLF at their end', (line: string) => line.replace('\n', '\r\n')],
  ['a comment and CRLF', (line: string) => line.replace('\n', ' a comment\r\n')],
  ['blanks before them', (line: string) => ` \t${line}`],
])('lines with %s, which ssh-keygen takes, are listed, ended and revoked', async (_what, change) => {
  const text = change(key.line)
  expect(parseSigners(text).map(({ principals }) => principals)).toEqual(['operator@prod'])
  expect(await check(text)).toBe('good')
  expect(await check(retired(text, 'operator@prod', NOON), LATER)).toBe('unknown')
  expect(await check(revoked(text, fingerprintOf(key.publicKey), LATER))).toBe('unknown')
})

test('another namespace, another principal, no signature at all: none counts', async () => {
  const elsewhere = `operator@prod namespaces="git" ${key.publicKey}\n`
  expect(await check(elsewhere)).toBe('unknown')
  expect(await check(`operator@dev ${key.publicKey}\n`)).toBe('unknown')
  const ask = { text: 'text', principal: 'operator@prod', at: NOON, allowed: key.line, folder }
  for (const signature of ['', 'x', `-----BEGIN SSH SIGNATURE-----\n${'A'.repeat(99_999)}`])
    expect(await checkSignature({ ...ask, signature })).toEqual({ kind: 'bad' })
})

test('an edit leaves the ends of lines as they are, of the edited one too', () => {
  const third = `operator@dev ${key.publicKey}\r\n`
  const text = `# a comment\r\n${key.line.trimEnd()}\r\n${third}\n\r`
  expect(retired(text, 'nobody@prod', NOON)).toBe(text)
  expect(revoked(text, 'operator@prod', NOON)).toBe(
    `# a comment\r\n# revoked ${NOON.toISOString()}: ${key.line.trimEnd()}\r\n${third}\n\r`,
  )
})

test('whatever stands in a list, reading and editing it ends, and nothing is lost', () => {
  const LINE = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom(
      'operator@prod ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOSh',
      '# revoked x: a ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOSh',
      '"',
      ',"',
    ),
    fc.string({ unit: fc.constantFrom('a', '"', ' ', ',', '=', 'ssh-', '\t'), maxLength: 300 }),
  )
  fc.assert(
    fc.property(fc.array(LINE), (lines) => {
      const text = lines.join('\n')
      for (const { fingerprint, revokedAt, until } of parseSigners(text)) {
        const times = [revokedAt, until].map((time) => time?.toISOString() ?? 'none')
        expect(`${fingerprint} ${times.join(' ')}`).toMatch(/^SHA256:/)
      }
      expect(revoked(text, 'nobody@prod', NOON)).toBe(text)
      expect(retired(text, 'nobody@prod', NOON)).toBe(text)
    }),
  )
})
