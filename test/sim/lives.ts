/**
 * Runs many generated lives of any simulation: which one breaks a rule first, how to reproduce it, and which rules they
 * break.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

/** The number from `SIM_RUNS`, for all kinds of lives together. @param share how many kinds it counts as */
export function runsOf(share: number): number {
  return Math.ceil(Number(process.env['SIM_RUNS'] ?? 2000) / share)
}

/** The seed from `SIM_SEED`. @param usual the same lives in every test run */
export function seedOr(usual: number): number {
  return Number(process.env['SIM_SEED'] ?? usual)
}

export interface Lives<Life> {
  readonly lives: fc.Arbitrary<Life>
  readonly runs: number
  readonly seed?: number
  /** The environment variable that passes a life to the test again. */
  readonly variable: string
}

/**
 * @returns the first life that broke a rule, shortened as far as possible, and how to reproduce it; undefined: none did
 */
export async function firstBroken<Life>(
  { lives, runs, seed = seedOr(20_261_130), variable }: Lives<Life>,
  live: (life: Life) => Promise<void>,
): Promise<string | undefined> {
  const result = await fc.check(fc.asyncProperty(lives, live), { seed, numRuns: runs })
  if (!result.failed) return undefined
  const life = JSON.stringify(result.counterexample?.[0])
  return `SIM_SEED=${seed}, life ${result.numRuns}: ${String(result.errorInstance)}\n${variable}='${life}'`
}

/** A test of the life that was passed in, with a log; no test without one. @param live runs a life */
export function testHandedIn(
  variable: string,
  live: (life: never, tell: (line: string) => void) => Promise<readonly unknown[]>,
): void {
  const told = process.env[variable]
  test.each(told === undefined ? [] : [told])('the life that was handed in', async (life) => {
    const outcomes = await live(JSON.parse(life) as never, (line) => console.log(line))
    expect(outcomes.length).toBeGreaterThan(0)
  })
}

type ViolationClass = new (...args: never[]) => Error & { readonly invariant: string }

/** @returns the rules that these lives break, up to the wanted one. @throws every other error */
export async function brokenRules<Life>(
  lives: Iterable<Life>,
  live: (life: Life) => Promise<unknown>,
  wanted: string,
  violations: readonly ViolationClass[],
): Promise<readonly string[]> {
  const broken = new Set<string>()
  for (const life of lives) {
    try {
      await live(life)
    } catch (error) {
      const known = violations.find((violation) => error instanceof violation)
      if (known === undefined || !(error instanceof known)) throw error
      broken.add(error.invariant)
      if (error.invariant === wanted) break
    }
  }
  return [...broken]
}
