import { randomBytes } from 'node:crypto'
import { chacha20poly1305 as library } from '@noble/ciphers/chacha.js'
import { expect, test } from 'vitest'
import { chacha20poly1305 } from './chacha.ts'

test.each([0, 1, 15, 16, 17, 65_535, 65_536])('%i bytes: what one seals the other opens', (length) => {
  const [key, nonce, plain] = [randomBytes(32), randomBytes(12), randomBytes(length)]
  const sealed = chacha20poly1305(key, nonce).encrypt(plain)
  expect(Buffer.from(library(key, nonce).encrypt(plain))).toEqual(Buffer.from(sealed))
  expect(Buffer.from(library(key, nonce).decrypt(sealed))).toEqual(plain)
  expect(Buffer.from(chacha20poly1305(key, nonce).decrypt(sealed))).toEqual(plain)
})

test('another key, another nonce, a flipped bit, a text cut off: none is opened', () => {
  const [key, nonce] = [randomBytes(32), randomBytes(12)]
  const sealed = Buffer.from(chacha20poly1305(key, nonce).encrypt(Buffer.from('secret')))
  const flipped = Buffer.from(sealed)
  flipped[3] = (flipped[3] ?? 0) ^ 1
  expect(() => chacha20poly1305(randomBytes(32), nonce).decrypt(sealed)).toThrow()
  expect(() => chacha20poly1305(key, randomBytes(12)).decrypt(sealed)).toThrow()
  expect(() => chacha20poly1305(key, nonce).decrypt(flipped)).toThrow()
  for (let length = 0; length < sealed.length; length++)
    expect(() => chacha20poly1305(key, nonce).decrypt(sealed.subarray(0, length))).toThrow()
})
