import { expect, test } from 'vitest'
import {
  defragHazards,
  describeHazards,
  endOfLife,
  hazardsFor,
  knownBad,
  newestPatch,
  patchToName,
  sharesPortFrom,
} from './hazards.ts'

const ids = (version: string) => knownBad(version).map(({ id }) => id)

test('inconsistent data in 3.5.0 to 3.5.2 is refused, and gone in 3.5.3', () => {
  for (const version of ['3.5.0', '3.5.1', '3.5.2']) {
    expect(knownBad(version)[0]).toMatchObject({ id: 'crash-under-load', fixedIn: '3.5.3', refused: true })
  }
  expect(ids('3.5.3')).not.toContain('crash-under-load')
})

test.each(['3.4.23', '3.5.16', '3.5.30'])(
  "Debian's etcd %s has known faults, and none for which it is refused",
  (version) => {
    const hazards = knownBad(version, ['users'])
    expect(hazards.length).toBeGreaterThan(0)
    expect(hazards.filter(({ refused }) => refused)).toEqual([])
  },
)

test("the faults of Debian bookworm's version, the worst first", () => {
  const hazards = knownBad('3.4.23')
  expect(hazards[0]).toMatchObject({ id: 'revision-goes-back', severity: 'inconsistent' })
  expect(hazards[1]).toMatchObject({ id: 'snapshot-in-defragmentation', severity: 'corrupted' })
  expect(hazards.map(({ id }) => id)).toContain('learner-not-started')
  // 3.4 never had these: it repairs the end of its WAL, and its defragmentation keeps revisions.
  expect(hazards.map(({ id }) => id)).not.toContain('torn-log')
  expect(hazards.map(({ id }) => id)).not.toContain('crash-in-defragmentation')
})

test.each(['3.5.35', '3.6.16', '3.7.3'])(
  'nothing is said of %s, the newest patch, with users or without',
  (version) => {
    expect(describeHazards(version)).toEqual([])
    expect(describeHazards(version, ['users', 'learners', 'upgrade', 'downgrade'])).toEqual([])
  },
)

test('a minor that never had a fault is not blamed for it', () => {
  expect(ids('3.6.0')).not.toContain('partial-transaction')
})

test('what only holds with users on is said only there', () => {
  expect(knownBad('3.6.13').map(({ id }) => id)).not.toContain('watch-from-one-key')
  expect(knownBad('3.6.13', ['users'])).toContainEqual(
    expect.objectContaining({ id: 'watch-from-one-key', when: 'users', fixedIn: '3.6.14' }),
  )
  for (const version of ['3.4.23', '3.5.16', '3.6.0', '3.7.0'])
    expect(knownBad(version).filter(({ when }) => !['always', 'defragmentation'].includes(when))).toEqual([])
})

test('a revocation list, which a cluster of quorate does not have, is not spoken of', () => {
  expect(describeHazards('3.6.12', ['users']).join('\n')).not.toContain('revocation')
})

test('a snapshot received during defragmentation is called what etcd calls it', () => {
  expect(defragHazards('3.5.22')[0]).toMatchObject({
    id: 'snapshot-in-defragmentation',
    severity: 'corrupted',
    what: expect.stringContaining('potential data corruption'),
  })
  expect(defragHazards('3.5.23')).toEqual([])
})

test('what is not fixed yet concerns recovery alone, or requests that few clients send', () => {
  for (const version of ['3.5.35', '3.6.16', '3.7.3']) {
    expect(hazardsFor(version, ['recovery'])).toMatchObject([
      { id: 'forced-behind', fixedIn: undefined, unfixable: false },
    ])
  }
  expect(hazardsFor('3.7.3', ['clients'])).toEqual([])
  expect(hazardsFor('3.6.16', ['clients'])).toMatchObject([
    { id: 'range-in-transaction', severity: 'inconsistent' },
  ])
})

test('a fault of a minor that gets no more fixes has no cure but the next minor', () => {
  expect(hazardsFor('3.4.45', ['always'])).toMatchObject([
    { id: 'tls-handshakes', fixedIn: undefined, unfixable: true },
    { id: 'snapshot-name-not-synced', unfixable: true },
  ])
  expect(describeHazards('3.4.45')[0]).toMatch(/^etcd 3\.4\.45: .+ \(3\.4 [^)]+\)$/)
})

test('every line names the version, the fault and its cure, and the end of a minor', () => {
  expect(describeHazards('3.7.1')).toEqual([expect.stringMatching(/^etcd 3\.7\.1: .+ \(fixed in 3\.7\.2\)$/)])
  expect(endOfLife('3.4.45')).toEqual({ last: '3.4.45', when: '2026-06' })
  expect(endOfLife('3.5.35')).toBeUndefined()
  expect(describeHazards('3.4.45').at(-1)).toMatch(/2026-06 .*3\.4\.45/)
})

test('where a patch is asked for, the newest one of its minor is named', () => {
  expect(patchToName('3.5.32')).toBe('3.5.35')
  expect(patchToName('3.6.11')).toBe('3.6.16')
  expect(patchToName('3.6.99')).toBe('3.6.99')
  expect(newestPatch('3.9')).toBeUndefined()
})

test.each([
  ['3.3.25', '3.4.25'],
  ['3.4.23', '3.4.25'],
  ['3.5.7', '3.5.8'],
  ['3.4.25', undefined],
  ['3.5.16', undefined],
  ['3.6.0', undefined],
])('http and https on one port: %s does not do it before %s', (version, first) => {
  expect(sharesPortFrom(version)).toBe(first)
})
