/** Reduces vitest's JSON report to the three numbers of the last line, and to what failed and what took long. */
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'

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
    /** Why the file failed, if it has no failed test. */
    readonly message?: string
    /** Milliseconds since the epoch. */
    readonly startTime?: number
    readonly endTime?: number
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages?: readonly string[]
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

interface Failure {
  readonly file: string
  /** Of the test; empty if the file failed without a failed test. */
  readonly name: string
  /** The first lines of its error. */
  readonly why: readonly string[]
}

const MOST_LINES = 14
const MOST_COLUMNS = 300

/** Each failed test: what is above the last lines may be cut off where the output is kept. */
function failures(text: string | undefined): readonly Failure[] {
  if (text === undefined) return []
  return (JSON.parse(text) as Report).testResults.flatMap(
    ({ name: file, status, message, assertionResults }) => {
      const failed = assertionResults.filter((result) => result.status === 'failed')
      if (failed.length === 0)
        return status === 'failed' ? [{ file, name: '', why: firstLines(message) }] : []
      return failed.map(({ fullName: name, failureMessages }) => ({
        file,
        name,
        why: firstLines(failureMessages?.[0]),
      }))
    },
  )
}

/** For the end of the output. @param root the paths are shown as seen from there */
export function failureLines(text: string | undefined, root: string): readonly string[] {
  return failures(text).flatMap(({ file, name, why }) => [
    `${path.relative(root, file)}: ${name}`,
    ...why.map((line) => `  ${line}`),
  ])
}

/** Without the stack, which names vitest's own files. */
function firstLines(message = ''): readonly string[] {
  return stripVTControlCharacters(message)
    .split('\n')
    .filter((line) => !/^ +at .*node_modules/.test(line))
    .slice(0, MOST_LINES)
    .map((line) => line.slice(0, MOST_COLUMNS))
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
