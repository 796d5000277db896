import { expect, test } from 'vitest'
import { youngCollector } from './young.ts'

const MIB = 1024 ** 2

test('unreferenced buffers are freed after a call, although they are few', () => {
  const collect = youngCollector()
  collect()
  const before = process.memoryUsage().arrayBuffers
  for (let index = 0; index < 32; index++) new Uint8Array(MIB).fill(1)
  collect()
  // Another thread frees their memory; the next call waits for that.
  collect()
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MIB)
})
