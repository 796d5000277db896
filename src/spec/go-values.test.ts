import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { durationText, goBoolean, goCount, goDuration, goInteger } from './go-values.ts'

test.each(['1', 't', 'T', 'TRUE', 'true', 'True'])('%s is true', (text) => {
  expect(goBoolean(text)).toBe(true)
})

test.each(['0', 'f', 'F', 'FALSE', 'false', 'False'])('%s is false', (text) => {
  expect(goBoolean(text)).toBe(false)
})

test.each(['', 'yes', 'on', 'tRUE', ' true', '01'])('%o is no boolean', (text) => {
  expect(goBoolean(text)).toBeUndefined()
})

test.each([
  ['0x100', 256n],
  ['0X_1f', 31n],
  ['010', 8n],
  ['0o17', 15n],
  ['0_7', 7n],
  ['0b101', 5n],
  ['1_000', 1000n],
  ['-1', -1n],
  ['+5', 5n],
  ['9223372036854775807', 9223372036854775807n],
])('%s is the integer %s', (text, value) => {
  expect(goInteger(text)).toBe(value)
})

test.each(['', '08', '0x', '1__0', '_1', '1_', '1e3', '1.0', ' 1', '9223372036854775808', '0xg'])(
  '%o is no integer',
  (text) => {
    expect(goInteger(text)).toBeUndefined()
  },
)

test('a count has no sign, and may be larger', () => {
  expect(goCount('18446744073709551615')).toBe(18446744073709551615n)
  expect(goCount('18446744073709551616')).toBeUndefined()
  expect(goCount('4294967296', 32)).toBeUndefined()
  expect(goCount('-1')).toBeUndefined()
  expect(goCount('+1')).toBeUndefined()
})

test.each([
  ['5m', 300_000_000_000n],
  ['1h30m', 5_400_000_000_000n],
  ['1.5h', 5_400_000_000_000n],
  ['.5s', 500_000_000n],
  ['5.s', 5_000_000_000n],
  ['0', 0n],
  ['-0', 0n],
  ['-1m', -60_000_000_000n],
  ['100\u00B5s', 100_000n],
  ['100\u03BCs', 100_000n],
])('%s lasts %s ns', (text, ns) => {
  expect(goDuration(text)).toBe(ns)
})

test.each(['', '5', '1d', '.s', '1 h', '5M', '-', '9999999h', '00'])('%o is no duration', (text) => {
  expect(goDuration(text)).toBeUndefined()
})

test('a duration is written as short as it goes, and read back', () => {
  expect(durationText(60_000_000_000n)).toBe('1m')
  expect(durationText(5_400_000_000_000n)).toBe('1h30m')
  expect(durationText(0n)).toBe('0s')
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (ns) => {
      expect(goDuration(durationText(ns))).toBe(ns)
    }),
  )
})
