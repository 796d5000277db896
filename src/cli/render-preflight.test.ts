import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { Check } from '../preflight/checks.ts'
import { formatReport } from './render-preflight.ts'

const paint = (code: number) => (text: string) => `\u001B[${code}m${text}\u001B[0m`

const checks: Check[] = [
  { host: 'etcd01', id: 'cpus', title: 'CPUs', result: 'ok', found: '2', wanted: 'at least 2' },
  { host: 'etcd01', id: 'memory', title: 'Memory', result: 'ok', found: '1 GiB' },
  {
    host: 'etcd01',
    id: 'flush',
    title: 'Disk flush',
    result: 'warning',
    found: 'p99 14 ms',
    wanted: '99 % within 10 ms',
    remedy: 'use an SSD',
  },
  {
    host: 'etcd02',
    subject: 'etcd02 -> etcd01',
    id: 'reach-peer',
    title: 'Peer port',
    result: 'failure',
    found: 'no answer',
    remedy: 'open it',
  },
  { host: undefined, id: 'clock-here', title: 'Clock', result: 'ok', found: 'the same' },
]

test('passed checks are counted, the others are shown with their fix', () => {
  expect(formatReport({ checks })).toBe(
    [
      'etcd01',
      '  ok       2 checks',
      '  warning  Disk flush                   p99 14 ms',
      '                                        wanted: 99 % within 10 ms',
      '                                        fix: use an SSD',
      '',
      'etcd02',
      '  failure  etcd02 -> etcd01  Peer port  no answer',
      '                                        fix: open it',
      '',
      'all nodes',
      '  ok       1 check',
      '',
      '3 ok, 1 warning, 1 failure',
      '',
    ].join('\n'),
  )
})

test('verbose shows each check once, and no number in its place', () => {
  const text = formatReport({ checks }, { verbose: true })
  expect(text).toMatch(/^ {2}ok {7}CPUs +2$/m)
  expect(text).toMatch(/^ {2}ok {7}Memory +1 GiB$/m)
  expect(text).not.toMatch(/checks?$/m)
})

test('colors change nothing about the columns', () => {
  const painted = formatReport(
    { checks },
    { painter: { ok: paint(32), warning: paint(33), failure: paint(31) } },
  )
  expect(painted).toContain('\u001B[31mfailure\u001B[0m')
  expect(stripVTControlCharacters(painted)).toBe(formatReport({ checks }))
})

test('a report without trouble says zero, uncoloured', () => {
  const [first] = checks
  const painter = { ok: String, warning: () => 'PAINTED', failure: () => 'PAINTED' }
  expect(formatReport({ checks: first ? [first] : [] }, { painter })).toBe(
    'etcd01\n  ok       1 check\n\n1 ok, 0 warnings, 0 failures\n',
  )
})
