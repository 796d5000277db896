import { expect, test } from 'vitest'
import type { CertificateFault } from './observed.ts'
import { tellUnsigned } from './signed-names.ts'

const LACKS: CertificateFault = { code: 'member-name', message: 'lacks its name' }
const MISSING: CertificateFault = { code: 'missing', message: 'is missing' }
const OLD: CertificateFault = { code: 'expired', message: 'expired' }

const codes = (faults: readonly CertificateFault[], signed: 'in-force' | 'waiting' | 'none') =>
  tellUnsigned(faults, (which) => which === signed).map(({ code }) => code)

test('a name that the CA has signed is available; one that it has not is distinguished', () => {
  expect(codes([LACKS, OLD], 'in-force')).toEqual(['member-name', 'expired'])
  expect(codes([LACKS, OLD], 'none')).toEqual(['member-name-unsigned', 'expired'])
})

test('what is missing has the name only if the certificate for the key that waits has it', () => {
  expect(codes([MISSING], 'waiting')).toEqual(['missing'])
  expect(codes([MISSING], 'in-force')).toEqual(['missing', 'member-name-unsigned'])
})

test('nothing is made of anything else', () => {
  expect(codes([], 'none')).toEqual([])
  expect(codes([OLD], 'none')).toEqual(['expired'])
})
