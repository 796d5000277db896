import { expect, test } from 'vitest'
import { formatBytes, formatDuration } from './units.ts'

test('bytes', () => {
  expect([960 * 1024 ** 2, 1024 ** 3, 1.5 * 1024 ** 3, 0].map(formatBytes)).toEqual([
    '960 MiB',
    '1 GiB',
    '1.5 GiB',
    '0 MiB',
  ])
})

test('durations', () => {
  expect([0.314, 12.44, 3200, 119_000, 300_000, 7_200_000, 259_200_000].map(formatDuration)).toEqual([
    '0.31 ms',
    '12.4 ms',
    '3.2 s',
    '119 s',
    '5 min',
    '2 h',
    '3 days',
  ])
})
