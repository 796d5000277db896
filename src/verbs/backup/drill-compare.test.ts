import { expect, test } from 'vitest'
import { PROOF } from '../../backup/stored.fixture.ts'
import { type DrillFindings, compareDrill } from './drill-compare.ts'

const FOUND: DrillFindings = {
  etcdVersion: '3.5.16',
  revision: 42n,
  keys: 5n,
  hashKv: { compactRevision: -1n, hash: 99 },
}

function outcomes(found: Partial<DrillFindings>, proof = PROOF, recordedBy = '3.5.16') {
  const checks = compareDrill(proof, recordedBy, { ...FOUND, ...found })
  return Object.fromEntries(checks.map(({ what, outcome }) => [what, outcome]))
}

const EQUAL = { revision: 'equal', keys: 'equal', hash: 'equal' }

test('matching values are equal; leases that expired since make no difference', () => {
  expect(outcomes({})).toEqual(EQUAL)
  expect(outcomes({ revision: 44n })).toEqual(EQUAL)
})

test('each difference is one', () => {
  expect(outcomes({ revision: 41n, hashKv: undefined })).toMatchObject({ revision: 'different' })
  expect(outcomes({ keys: 4n })).toEqual({ ...EQUAL, keys: 'different' })
  expect(outcomes({ keys: 6n })).toEqual({ ...EQUAL, keys: 'different' })
  expect(outcomes({ hashKv: { compactRevision: -1n, hash: 98 } })).toEqual({ ...EQUAL, hash: 'different' })
})

test('a hash is held against nothing that it may differ by without a reason', () => {
  const compacted = { ...PROOF, hashKv: { revision: '42', compactRevision: '30', hash: '99' } }
  const other = { hashKv: { compactRevision: 30n, hash: 98 } }
  const not = { ...EQUAL, hash: 'not comparable' }
  expect(outcomes(other, compacted, '3.4.23')).toEqual(not)
  expect(outcomes({ ...other, etcdVersion: '3.5.15' }, compacted)).toEqual(not)
  expect(outcomes(other, compacted)).toEqual({ ...EQUAL, hash: 'different' })
  // Never compacted: every version must report the same hash.
  const never = { hashKv: { compactRevision: -1n, hash: 98 } }
  expect(outcomes(never, PROOF, '3.4.23')).toEqual({ ...EQUAL, hash: 'different' })

  expect(outcomes({ hashKv: { compactRevision: 41n, hash: 99 } }, compacted)).toEqual(not)
  expect(outcomes({ hashKv: undefined })).toEqual(not)
  const unasked = { sha256: PROOF.sha256, sizeBytes: PROOF.sizeBytes, status: PROOF.status }
  expect(outcomes({}, unasked)).toEqual({ revision: 'equal', keys: 'not comparable', hash: 'not comparable' })
})
