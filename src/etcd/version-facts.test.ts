import semver from 'semver'
import { expect, test } from 'vitest'
import { SEVERITIES, hazardsFor, parseHazards } from './hazards.ts'
import { HARMLESS, HAZARDS, LEAST_BEFORE_STEP, NEWEST } from '../spec/version-facts.ts'
import { minorOf, SUPPORTED_MINORS } from './versions.ts'

/** A pull request, or an advisory. */
const REFERENCE = /^(\d+|GHSA(-[a-z0-9]{4}){3})$/

const rows = parseHazards(HAZARDS)

test('every minor that quorate can configure has its newest patch and its support', () => {
  expect(Object.keys(NEWEST)).toEqual(SUPPORTED_MINORS)
  for (const [minor, { patch, support }] of Object.entries(NEWEST)) {
    expect(minorOf(patch)).toBe(minor)
    expect(support).toMatch(/^(ended \d{4}-\d{2}|until \d{4}-\d{2}-\d{2}|open)$/)
  }
  expect(NEWEST).toMatchObject({
    '3.5': { patch: '3.5.35', support: 'until 2027-07-08' },
    '3.6': { patch: '3.6.16' },
    '3.7': { patch: '3.7.3' },
  })
})

test('every hazard has an id of its own, a severity, whom it concerns and where it is fixed', () => {
  expect(rows.length).toBeGreaterThan(30)
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
  for (const row of rows) {
    expect(row.id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$/)
    expect(SEVERITIES).toContain(row.severity)
    expect(Object.keys(row.fixed).length).toBeGreaterThan(0)
    expect(row.what).not.toMatch(/\.$/)
    expect(row.pulls.length > 0 || /CVE-\d{4}-\d+/.test(row.what)).toBe(true)
    expect(row.pulls.filter((pull) => !REFERENCE.test(pull))).toEqual([])
  }
})

test('no hazard is fixed in a patch that is newer than the newest, and none is open where support ended', () => {
  const wrong = rows.flatMap(({ id, fixed }) =>
    Object.entries(fixed).flatMap(([minor, state]) => {
      const { patch = '', support = '' } = NEWEST[minor] ?? {}
      const ended = support.startsWith('ended')
      const right = state === 'never' ? ended : state === 'open' ? !ended : semver.lte(state, patch)
      return right ? [] : [`${id} ${minor} ${state}`]
    }),
  )
  expect(wrong).toEqual([])
})

test('where a hazard is said to every cluster, it is fixed in the newest patch of each minor that gets fixes', () => {
  for (const { patch, support } of Object.values(NEWEST)) {
    if (support.startsWith('ended')) continue
    expect(
      hazardsFor(patch, ['always', 'defragmentation', 'users', 'learners', 'upgrade', 'downgrade']),
    ).toEqual([])
  }
})

test('each pull request is judged once', () => {
  const harmless = HARMLESS.split('\n').flatMap((line) => line.split('|')[1]?.trim().split(/\s+/) ?? [])
  expect(harmless.length).toBeGreaterThan(60)
  const all = [...harmless, ...rows.flatMap(({ pulls }) => pulls)]
  expect(all.filter((pull) => !REFERENCE.test(pull))).toEqual([])
  expect(all.filter((pull, at) => all.indexOf(pull) !== at)).toEqual([])
})

test('a step asks for a patch of the minor before it', () => {
  for (const [to, { least, better }] of Object.entries(LEAST_BEFORE_STEP)) {
    expect(semver.gte(better, least)).toBe(true)
    expect(SUPPORTED_MINORS.indexOf(minorOf(least))).toBe(SUPPORTED_MINORS.indexOf(to) - 1)
  }
})

test('a row that is not of the form is refused', () => {
  for (const row of ['a-b | lost | sometimes | 3.5.3 | 1\n  what', 'a-b | lost | always | 3.5.3 | 1'])
    expect(() => parseHazards(row)).toThrow('a-b | lost')
})
