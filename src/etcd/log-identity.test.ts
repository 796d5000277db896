import { expect, test } from 'vitest'
import { entry, log } from './log-file.fixture.ts'
import { readLogFile } from './log-file.ts'
import { IDENTITY_BYTES, readLogIdentity } from './log-identity.ts'

const { bytes } = log([entry(1n, 1n), entry(1n, 2n)])

test('the beginning of a file says whose it is, as the whole file does', () => {
  const identity = readLogIdentity(bytes.subarray(0, IDENTITY_BYTES))
  expect(identity).toEqual({ memberId: 'fedcba9876543210', clusterId: '4d' })
  const whole = readLogFile(bytes).identity
  expect(whole?.memberId.toString(16)).toBe(identity?.memberId)
})

test('cut anywhere, or other bytes altogether, it is not known', () => {
  for (let length = 0; length < 40; length += 1) {
    const identity = readLogIdentity(bytes.subarray(0, length))
    expect(identity === undefined || identity.clusterId === '4d').toBe(true)
  }
  for (const other of [
    Buffer.alloc(512),
    Buffer.alloc(512, 0xff),
    Buffer.from('not a log at all, but long enough'),
  ])
    expect(readLogIdentity(other)).toBeUndefined()
})
