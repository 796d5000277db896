import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { gather } from './gather.ts'

const MIB = 1024 ** 2

async function* each(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}

test.each([
  ['small ones', Array.from({ length: 40 }, () => 65_552)],
  ['one that is larger', [3 * MIB + 5]],
  ['whole ones', [MIB, MIB]],
  ['none', []],
])('%s come out by the MiB, in order, and have no memory any more', async (_what, sizes) => {
  const pieces = sizes.map((size) => Uint8Array.from(randomBytes(size)))
  const wanted = Buffer.concat(pieces)
  const got: Buffer[] = []
  for await (const piece of gather(each(pieces))) got.push(Buffer.from(piece))
  expect(Buffer.concat(got).equals(wanted)).toBe(true)
  expect(got.slice(0, -1).every(({ length }) => length === MIB)).toBe(true)
  expect(pieces.every(({ byteLength }) => byteLength === 0)).toBe(true)
})
