import { describe, expect, test } from 'vitest'
import { adviseQuota, defragReason, fullness, hasRoom, quotaInForce, reclaimable } from './space.ts'

const MIB = 1024 ** 2
const GIB = 1024 ** 3

describe('the effective quota', () => {
  test("is what 3.6 reports itself, else the setting of the process, else etcd's default", () => {
    expect(quotaInForce({ ETCD_QUOTA_BACKEND_BYTES: '1' }, 20)).toBe(20)
    expect(quotaInForce({ ETCD_QUOTA_BACKEND_BYTES: '20971520' })).toBe(20 * MIB)
    expect(quotaInForce({})).toBe(2 * GIB)
    expect(quotaInForce({ ETCD_QUOTA_BACKEND_BYTES: '0' })).toBe(2 * GIB)
  })
  test('is none if disabled, and unknown if no member could be inspected', () => {
    expect(quotaInForce({ ETCD_QUOTA_BACKEND_BYTES: '-1' })).toBe(Infinity)
    expect(quotaInForce(undefined)).toBeUndefined()
  })
})

describe('room for a write', () => {
  test.each([
    [10 * MIB, 20 * MIB, true],
    [19 * MIB, 20 * MIB, false],
    [21 * MIB, 20 * MIB, false],
    [9 * GIB, Infinity, true],
    [1, undefined, false],
  ])('%i of %s bytes: %s', (sizeBytes, quotaBytes, room) => {
    expect(hasRoom({ sizeBytes, quotaBytes, inUseBytes: 0 })).toBe(room)
  })
})

const space = (sizeBytes: number, inUseBytes: number | undefined, quotaBytes = 2 * GIB) => ({
  sizeBytes,
  inUseBytes,
  quotaBytes,
})

describe('whether a defragmentation is worth it', () => {
  test('share and size must both be exceeded', () => {
    expect(defragReason(space(400 * MIB, 100 * MIB)).worth).toBe(true)
    expect(defragReason(space(150 * MIB, 60 * MIB)).worth).toBe(false)
    expect(defragReason(space(1500 * MIB, 1300 * MIB)).worth).toBe(false)
    expect(defragReason(space(40 * MIB, 10 * MIB), { fraction: 0.2, bytes: MIB }).worth).toBe(true)
  })
  test('near the quota less is enough, but not nothing', () => {
    expect(defragReason(space(18 * MIB, 12 * MIB, 20 * MIB))).toEqual({
      worth: true,
      why: expect.stringMatching(/^33 % .* 18 MiB .* 90 % /),
    })
    expect(defragReason(space(18 * MIB, 17 * MIB, 20 * MIB)).worth).toBe(false)
  })
  test('etcd 3.3 says too little to decide', () => {
    expect(defragReason(space(18 * MIB, undefined, 20 * MIB))).toMatchObject({ worth: false })
    expect(reclaimable(space(18 * MIB, undefined))).toBeUndefined()
  })
  test('an empty database is not worth it', () => {
    expect(defragReason(space(0, 0)).worth).toBe(false)
  })
})

test('a share of the quota is unknown with it', () => {
  expect(fullness({ sizeBytes: 5, inUseBytes: 1, quotaBytes: undefined })).toBeUndefined()
  expect(fullness({ sizeBytes: 5, inUseBytes: 1, quotaBytes: 20 })).toBe(0.25)
})

test('an advised quota holds the data twice, and is a round number', () => {
  expect(adviseQuota(19 * MIB)).toBe(64 * MIB)
  expect(adviseQuota(1)).toBe(16 * MIB)
  expect(adviseQuota(3 * GIB)).toBe(8 * GIB)
})
