import { expect, test } from 'vitest'
import { Ledger } from './ledger.ts'

const stored = (value: number, version: number, revision: number) => ({
  value,
  version: BigInt(version),
  revision: BigInt(revision),
})

test('a write that the watch went past without showing it was lost', () => {
  const ledger = new Ledger(1)
  ledger.acknowledge(0, 1, 10n, 0)
  ledger.acknowledge(0, 2, 11n, 0)
  ledger.event(0, stored(1, 1, 10), 1)
  // The second was acknowledged at revision 11, and the key's own count shows that nothing was skipped.
  ledger.event(0, stored(3, 2, 12), 2)
  expect(ledger.lost).toBe(1)
  expect(ledger.counts.missing).toBe(0)
})

test('a write that the watch left out is missing there, and not lost', () => {
  const ledger = new Ledger(1)
  ledger.acknowledge(0, 1, 10n, 0)
  ledger.acknowledge(0, 2, 11n, 0)
  ledger.event(0, stored(1, 1, 10), 1)
  ledger.event(0, stored(3, 3, 12), 2)
  expect(ledger.lost).toBe(0)
  expect(ledger.counts.missing).toBe(1)
})

test('the watch may be quicker than the answer', () => {
  const ledger = new Ledger(1)
  ledger.event(0, stored(1, 1, 10), 1)
  ledger.acknowledge(0, 1, 10n, 2)
  expect({ lost: ledger.lost, owed: ledger.owedSinceMs() }).toEqual({ lost: 0, owed: undefined })
  // Acknowledged with a revision at which the watch had shown another value.
  ledger.acknowledge(0, 2, 10n, 3)
  expect(ledger.lost).toBe(1)
})

test('a failed write that exists nevertheless is not a fault', () => {
  const ledger = new Ledger(1)
  ledger.acknowledge(0, 1, 10n, 0)
  ledger.held(0, 2)
  ledger.event(0, stored(1, 1, 10), 1)
  ledger.event(0, stored(2, 2, 11), 1)
  expect({ lost: ledger.lost, ...ledger.counts }).toMatchObject({ lost: 0, missing: 0, duplicates: 0 })
})

test('one lost write is one, however often it is found', () => {
  const ledger = new Ledger(1)
  ledger.acknowledge(0, 1, 10n, 0)
  ledger.held(0, undefined)
  ledger.held(0, undefined)
  expect(ledger.lost).toBe(1)
})

test('revisions: a write must have a greater one than all before, a read at least the same', () => {
  const ledger = new Ledger(1)
  ledger.answered(10n, 0n)
  ledger.answered(10n, ledger.floor)
  expect(ledger.counts.revisionsBackwards).toBe(0)
  ledger.answered(10n, ledger.floor, true)
  ledger.answered(9n, ledger.floor)
  expect(ledger.counts.revisionsBackwards).toBe(2)
  // Requested before the others were answered: their order is unknown.
  ledger.answered(5n, 4n)
  expect(ledger.counts.revisionsBackwards).toBe(2)
})

test("what can't be checked is counted, and takes no memory", () => {
  const ledger = new Ledger(2)
  for (let value = 1; value <= 6_000; value++) ledger.acknowledge(value % 2, value, BigInt(value), value)
  expect(ledger.counts.unchecked).toBe(1_000)
  expect(ledger.owedSinceMs()).toBe(1_001)
  ledger.compacted(7_000n)
  expect(ledger.counts.unchecked).toBe(6_000)
  expect(ledger.watched).toBe(6_999n)
})

test('the delay of the watch is the longest from acknowledgement to event', () => {
  const ledger = new Ledger(1)
  ledger.acknowledge(0, 1, 10n, 100)
  ledger.event(0, stored(1, 1, 10), 350)
  expect(ledger.counts.worstDelayMs).toBe(250)
})

test('what the watch came past on another key is not waited for, and judged at the end', () => {
  const ledger = new Ledger(2)
  ledger.acknowledge(0, 1, 10n, 0)
  ledger.acknowledge(1, 2, 11n, 0)
  ledger.event(1, stored(2, 1, 11), 1)
  expect(ledger.owedSinceMs()).toBeUndefined()
  ledger.final(0, stored(1, 1, 10))
  expect({ lost: ledger.lost, missing: ledger.counts.missing }).toEqual({ lost: 0, missing: 1 })
})

test('after a gap in the history, nothing is reported as missing or lost', () => {
  const ledger = new Ledger(1)
  ledger.acknowledge(0, 1, 10n, 0)
  ledger.compacted(20n)
  ledger.acknowledge(0, 9, 21n, 0)
  ledger.event(0, stored(9, 9, 21), 1)
  ledger.final(0, stored(9, 9, 21))
  expect({ lost: ledger.lost, ...ledger.counts }).toMatchObject({ lost: 0, missing: 0, unchecked: 1 })
})
