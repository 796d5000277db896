/** Plays many made-up lives of any simulation: which breaks a rule first, how to see it again, and which rules they break. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

/** What `SIM_RUNS` asks for, for all kinds of lives together. @param share how many kinds it counts as */
export function runsOf(share: number): number {
  return Math.ceil(Number(process.env['SIM_RUNS'] ?? 2000) / share)
}

/** What `SIM_SEED` asks for. @param usual the same lives in every test run */
export function seedOr(usual: number): number {
  return Number(process.env['SIM_SEED'] ?? usual)
}

export interface Lives<Life> {
  readonly lives: fc.Arbitrary<Life>
  readonly runs: number
  readonly seed?: number
  /** Of the environment: by it a life is handed back. */
  readonly variable: string
}

/** @returns the first that broke a rule, made as short as can be, and how to see it again; undefined: none did */
export async function firstBroken<Life>(
  { lives, runs, seed = seedOr(20_261_130), variable }: Lives<Life>,
  live: (life: Life) => Promise<void>,
): Promise<string | undefined> {
  const result = await fc.check(fc.asyncProperty(lives, live), { seed, numRuns: runs })
  if (!result.failed) return undefined
  const life = JSON.stringify(result.counterexample?.[0])
  return `SIM_SEED=${seed}, life ${result.numRuns}: ${String(result.errorInstance)}\n${variable}='${life}'`
}

/** A test of the life that was handed back, told as it goes; none where nobody did. @param live knows what its lives are */
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

/** @returns the rules that these lives break, up to the one that is looked for. @throws whatever else they end in */
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
