import { expect, test } from 'vitest'
import { RECOMMENDED_VERSION } from '../spec/defaults.ts'
import { exampleVersion } from '../spec/values.ts'
import { describeHazards, newestPatch } from './hazards.ts'
import { NEWEST } from '../spec/version-facts.ts'
import { minorOf } from './versions.ts'

test('the version for new clusters is the newest patch of its minor, and a new cluster gets no warning of it', () => {
  expect(newestPatch(minorOf(RECOMMENDED_VERSION))).toBe(RECOMMENDED_VERSION)
  expect(describeHazards(RECOMMENDED_VERSION)).toEqual([])
})

test('the hints about a cluster file name the newest patch of each minor', () => {
  const named = Object.keys(NEWEST).map((minor) => exampleVersion(Number(minor)))
  expect(named).toEqual(Object.values(NEWEST).map(({ patch }) => patch))
})
