import { expect, test } from 'vitest'
import { inPieces } from './pieces.ts'

async function* inOneMemory(...texts: string[]): AsyncGenerator<Uint8Array> {
  const shared = Buffer.alloc(16)
  for (const text of texts) yield shared.subarray(0, shared.write(text))
}

test.each([
  ['smaller ones, which share their memory', ['ab', 'cd', 'ef', 'g'], ['abc', 'def', 'g']],
  ['a larger one', ['abcdefg'], ['abc', 'def', 'g']],
  ['some that come out even', ['abcd', 'ef'], ['abc', 'def']],
  ['none', [], []],
])('%s: pieces of one size', async (_what, texts, wanted) => {
  const got: string[] = []
  for await (const piece of inPieces(inOneMemory(...texts), 3)) got.push(piece.toString())
  expect(got).toEqual(wanted)
})
