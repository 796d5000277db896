import { expect, test } from 'vitest'
import { describeHazards, endOfLife, knownBad, sharesPortFrom } from './hazards.ts'

test('inconsistent data in 3.5.0 to 3.5.2 comes first and as an error, and is gone in 3.5.3', () => {
  for (const version of ['3.5.0', '3.5.1', '3.5.2']) {
    expect(knownBad(version)[0]).toMatchObject({
      fixedIn: '3.5.3',
      severity: 'error',
      what: expect.stringContaining('differs'),
    })
  }
  expect(knownBad('3.5.3').some((hazard) => hazard.fixedIn === '3.5.3')).toBe(false)
})

test.each(['3.4.23', '3.5.16', '3.5.30'])(
  "Debian's etcd %s has known faults, none of them an error",
  (version) => {
    const hazards = knownBad(version)
    expect(hazards.length).toBeGreaterThan(0)
    expect(hazards.filter((hazard) => hazard.severity === 'error')).toEqual([])
  },
)

test("the faults of Debian bookworm's version, by where they are fixed", () => {
  expect(knownBad('3.4.23').map((hazard) => hazard.fixedIn)).toEqual(['3.4.24', '3.4.31', '3.4.32', '3.4.38'])
})

test('the current patches have none, a minor that never had a fault is not blamed for it', () => {
  for (const version of ['3.7.1', '3.6.14', '3.5.33']) expect(knownBad(version)).toEqual([])
  expect(knownBad('3.6.0').map((hazard) => hazard.fixedIn)).not.toContain('3.5.17')
})

test('every line names the version, the fault and its cure, and the end of a minor', () => {
  expect(describeHazards('3.5.32')).toEqual([
    expect.stringMatching(/^etcd 3\.5\.32: .+ \(fixed in 3\.5\.33\)$/),
  ])
  expect(endOfLife('3.4.45')).toEqual({ last: '3.4.45', when: '2026-06' })
  expect(describeHazards('3.4.45')).toEqual([expect.stringContaining('gets no more fixes')])
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
