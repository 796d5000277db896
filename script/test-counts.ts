/** Reduces vitest's JSON report to the three numbers of the last line. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** The parts of vitest's report that are used. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    /** Milliseconds since the epoch. */
    readonly startTime?: number
    readonly endTime?: number
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      /** In milliseconds; missing if it was not run. */
      readonly duration?: number | null
    }[]
  }[]
}

export function add(one: Counts, other: Counts): Counts {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  }
}

/**
 * A file that fails without a failed test (it can't be loaded, its beforeAll throws) counts as one failure. So does a
 * run that fails without a reason, or without a report.
 */
export function countsOf(text: string | undefined, exitCode: number): Counts {
  if (text === undefined) return { passed: 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 }
  const report = JSON.parse(text) as Report
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  ).length
  const failed = report.numFailedTests + broken
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** Paths of the test files with a failure. */
export function failedFiles(text: string | undefined): string[] {
  if (text === undefined) return []
  return (JSON.parse(text) as Report).testResults
    .filter(({ status }) => status === 'failed')
    .map(({ name }) => name)
}

export interface TimedTest {
  readonly file: string
  readonly name: string
  readonly seconds: number
}

/** The slowest tests first. What a file does before its tests is not included. */
export function slowest(texts: readonly string[], count: number): TimedTest[] {
  return texts
    .flatMap((text) => (JSON.parse(text) as Report).testResults)
    .flatMap(({ name: file, assertionResults }) =>
      assertionResults.map(({ fullName, duration }) => ({
        file,
        name: fullName,
        seconds: (duration ?? 0) / 1000,
      })),
    )
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, count)
}

export interface TimedFile {
  readonly file: string
  readonly seconds: number
}

/** The slowest files first: from the start of their first test to the end of the last. */
export function slowestFiles(texts: readonly string[], count: number): TimedFile[] {
  return texts
    .flatMap((text) => (JSON.parse(text) as Report).testResults)
    .map(({ name: file, startTime = 0, endTime = startTime }) => ({
      file,
      seconds: (endTime - startTime) / 1000,
    }))
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, count)
}
