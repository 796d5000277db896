import { expect, test } from 'vitest'
import { QuorateError } from '../errors.ts'
import { type Looked, until } from './until.ts'

/** A look that finds something at the `at`th attempt. */
function foundAt(at: number): (attempt: number) => Promise<Looked<string, number>> {
  return async (attempt) =>
    await Promise.resolve(attempt >= at ? { found: `at ${attempt}` } : { missing: attempt })
}

function late(missing: number, waitedMs: number): never {
  throw new QuorateError('unhealthy', `missing ${missing} after ${waitedMs}`)
}

async function broken(): Promise<never> {
  return await Promise.reject(new Error('broken'))
}

test('it looks until the condition holds', async () => {
  const waiting = { ms: 60_000, everyMs: 0, signal: undefined, late }
  expect(await until(foundAt(1), waiting)).toBe('at 1')
  expect(await until(foundAt(4), waiting)).toBe('at 4')
})

test('without any time it looks once, and says what was missing', async () => {
  const waiting = { ms: 0, everyMs: 0, signal: undefined, late }
  await expect(until(foundAt(2), waiting)).rejects.toThrow('missing 1 after 0')
  expect(await until(foundAt(1), waiting)).toBe('at 1')
})

test('the number of attempts is a limit of its own, and what is late may have an answer', async () => {
  const waiting = { ms: Number.POSITIVE_INFINITY, attempts: 3, everyMs: 0, signal: undefined }
  await expect(until(foundAt(4), { ...waiting, late })).rejects.toThrow('missing 3')
  expect(await until(foundAt(4), { ...waiting, late: (missing) => `only ${missing}` })).toBe('only 3')
})

test('patience multiplies the deadline', async () => {
  const waiting = { ms: 60_000, patienceFactor: 0, everyMs: 0, signal: undefined, late }
  await expect(until(foundAt(2), waiting)).rejects.toThrow('missing 1 after 0')
})

test('an error of the look ends the wait', async () => {
  await expect(until(broken, { ms: 60_000, everyMs: 0, signal: undefined, late })).rejects.toThrow('broken')
})

test('the signal ends the wait with its reason, or as canceled', async () => {
  const lost = new QuorateError('locked', 'the lock was lost')
  for (const [reason, code] of [
    [undefined, 'cancelled'],
    [lost, 'locked'],
  ] as const) {
    const controller = new AbortController()
    const look = async (): Promise<Looked<string, number>> => {
      controller.abort(reason)
      return await Promise.resolve({ missing: 0 })
    }
    const waiting = { ms: 60_000, everyMs: 60_000, signal: controller.signal, late }
    await expect(until(look, waiting)).rejects.toMatchObject({ code })
  }
})

test('it looks again at once when something wakes it', async () => {
  for (const wake of [Promise.resolve(), Promise.reject(new Error('gone'))]) {
    const waiting = { ms: 60_000, everyMs: 60_000, signal: undefined, wake, late }
    expect(await until(foundAt(2), waiting)).toBe('at 2')
  }
})
