import { expect, test } from 'vitest'
import { failureLines, slowest, slowestFiles } from '../script/test-counts.ts'

function report(file: string, tests: Readonly<Record<string, number | null>>): string {
  const assertionResults = Object.entries(tests).map(([fullName, duration]) => ({
    status: duration === null ? 'skipped' : 'passed',
    fullName,
    duration,
  }))
  return JSON.stringify({ testResults: [{ name: file, status: 'passed', assertionResults }] })
}

test('the slowest tests of all parts, the slowest first', () => {
  const reports = [
    report('a.test.ts', { quick: 12, slow: 3400 }),
    report('b.test.ts', { skipped: null, slower: 3500 }),
  ]
  expect(slowest(reports, 3)).toEqual([
    { file: 'b.test.ts', name: 'slower', seconds: 3.5 },
    { file: 'a.test.ts', name: 'slow', seconds: 3.4 },
    { file: 'a.test.ts', name: 'quick', seconds: 0.012 },
  ])
})

const timed = (name: string, startTime: number, endTime: number) => ({ name, startTime, endTime })

test('the slowest files of all parts; one that could not be loaded took no time', () => {
  const reports = [
    { testResults: [timed('a.test.ts', 1_000, 3_500), { name: 'broken.test.ts' }] },
    { testResults: [timed('b.test.ts', 2_000, 5_000)] },
  ].map((content) => JSON.stringify(content))
  expect(slowestFiles(reports, 3)).toEqual([
    { file: 'b.test.ts', seconds: 3 },
    { file: 'a.test.ts', seconds: 2.5 },
    { file: 'broken.test.ts', seconds: 0 },
  ])
})

const failed = (fullName: string, message: string) => ({
  status: 'failed',
  fullName,
  failureMessages: [message],
})

test('what failed, with the beginning of its error: without colors, and without lines of other programs', () => {
  const stack = '    at /checkout/a.test.ts:3:5\n    at run (/checkout/node_modules/vitest/x.js:1:1)'
  const testResults = [
    {
      name: '/checkout/test/a.test.ts',
      status: 'failed',
      assertionResults: [
        { status: 'passed', fullName: 'good' },
        failed('bad', `\u001B[31mexpected 1\u001B[39m\n${stack}`),
      ],
    },
    { name: '/checkout/broken.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
    { name: 'b.test.ts', status: 'passed', assertionResults: [] },
  ]
  expect(failureLines(JSON.stringify({ testResults }), '/checkout')).toEqual([
    'test/a.test.ts: bad',
    '  expected 1',
    '      at /checkout/a.test.ts:3:5',
    'broken.test.ts: ',
    '  no such module',
  ])
  expect(failureLines(undefined, '/')).toEqual([])
})
