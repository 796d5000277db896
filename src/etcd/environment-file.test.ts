import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseEnvironmentFile, renderEnvironmentFile } from './environment-file.ts'

const name = fc.stringMatching(/^ETCD_[A-Z_]{1,12}$/)
const value = fc.string({ unit: 'grapheme' }).filter((text) => !/\p{Cc}/u.test(text))

test('every value comes back as it was written', () => {
  fc.assert(
    fc.property(fc.dictionary(name, value), (environment) => {
      expect(parseEnvironmentFile(renderEnvironmentFile(environment))).toEqual({ ...environment })
    }),
  )
})

test('reading ends for any text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('A', '=', "'", '"', '\\', ' ', '\n', '#', ';', '\t') }),
      (text) => {
        expect(Object.values(parseEnvironmentFile(text)).every((each) => typeof each === 'string')).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})

test('plain values stay readable, and what a shell would expand is kept from it', () => {
  const text = renderEnvironmentFile({
    ETCD_INITIAL_CLUSTER: 'etcd01=https://[2001:db8::1]:2380,etcd02=https://192.168.0.2:2380',
    ETCD_NAME: 'two words',
    ETCD_CORS: String.raw`a"b\c$HOME` + '`id`',
    ETCD_EMPTY: '',
  })
  expect(text).toBe(
    [
      'ETCD_INITIAL_CLUSTER=etcd01=https://[2001:db8::1]:2380,etcd02=https://192.168.0.2:2380',
      'ETCD_NAME="two words"',
      'ETCD_CORS="a\\"b\\\\c\\$HOME\\`id\\`"',
      'ETCD_EMPTY=',
      '',
    ].join('\n'),
  )
})

test('what people write by hand is read as systemd reads it', () => {
  const text = String.raw`
# a comment = not a variable
; another \
still the comment
A=plain  value   
  B = 'single $x \n' 
C="double \"quoted\" \n kept"
D='one'"two"three
E=plain'quote'
F=\ led\ by\ blanks
no assignment here
A=second`
  expect(parseEnvironmentFile(text)).toEqual({
    A: 'second',
    B: String.raw`single $x \n`,
    C: String.raw`double "quoted" \n kept`,
    D: 'onetwothree',
    E: "plain'quote'",
    F: ' led by blanks',
  })
})

test('a value with a line break is refused, and the message names its variable', () => {
  expect(() => renderEnvironmentFile({ ETCD_NAME: 'a\nETCD_FORCE_NEW_CLUSTER=true' })).toThrow(/ETCD_NAME/)
})
