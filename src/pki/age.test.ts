import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ageOf, assertCaLasts, renewWithinDays } from './age.ts'
import { checkCertificate } from './check-certificate.ts'
import { openLocalAuthority } from './local.ts'
import { allowedNames } from './names.ts'
import { scratch } from './scratch.ts'
import { DAYS, ETCD01, memberRequest, opensslCa } from './testing.ts'

const folder = scratch()
const later = (days: number) => new Date(Date.now() + days * DAYS)

const authority = openLocalAuthority({
  clusterName: 'demo',
  directory: path.join(folder, 'ca'),
  passphrase: false,
  algorithm: 'ecdsa-p256',
  askPassphrase: () => Promise.resolve(''),
  now: () => new Date(),
})
const { pem } = await authority.issue(memberRequest(folder))
const caPem = await authority.chain()

test("a certificate's age is measured by its own life", () => {
  const life = ageOf(pem, later(0)).lifeDays
  const half = ageOf(pem, later(life / 2))
  expect(half.share).toBeCloseTo(0.5, 2)
  expect(half.days).toBe(Math.floor(life / 2))
  expect(ageOf(pem, later(-1)).days).toBe(0)
  expect(ageOf(pem, later(life + 1)).share).toBeGreaterThan(1)
})

test('due by itself within a tenth of its life, but not more than thirty days', () => {
  expect([365, 100, 1].map(renewWithinDays)).toEqual([30, 10, 0.1])
})

test('one that ends with its CA is not due: a new one would end as soon', () => {
  const wish = { allowed: allowedNames(ETCD01), profile: 'member' as const, renewWithinDays: 30 }
  const end = ageOf(pem, later(0)).notAfter
  const now = new Date(end.getTime() - 5 * DAYS)
  expect(checkCertificate({ ...wish, pem, caPem, now }).map(({ code }) => code)).toEqual(['expires-soon'])

  const other = opensslCa(folder, 'short')
  const ca = readFileSync(other.certificate, 'utf8')
  const caEnd = ageOf(ca, later(0)).notAfter
  const nearEnd = new Date(caEnd.getTime() - 5 * DAYS)
  const codes = checkCertificate({ ...wish, pem: ca, caPem: ca, now: nearEnd }).map(({ code }) => code)
  expect(codes).not.toContain('expires-soon')
})

test('a CA that is about to expire is refused, with the way out; for what has expired already it still serves', () => {
  const end = ageOf(caPem, later(0)).notAfter
  const place = { certificate: '/ca.crt', key: '/ca.key' }
  const before = (days: number) => new Date(end.getTime() - days * DAYS)
  const lasts = (days: number, urgent = false) => {
    assertCaLasts({ caPem, days: 365, now: before(days), urgent, place, remedy: 'quorate certs rotate-ca' })
  }
  lasts(31)
  expect(() => lasts(29)).toFail('pki/ca-expires-soon', { fix: 'quorate certs rotate-ca' })
  lasts(29, true)
  expect(() => lasts(-1, true)).toFail('pki/ca-has-expired', {
    fix: /-signkey \/ca\.key.*quorate apply$/,
  })
})
