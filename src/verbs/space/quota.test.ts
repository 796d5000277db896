import { expect, test } from 'vitest'
import { MIB, clusterStanding, downMember, memberStanding } from '../../tiers/etcd/facts/standing.fixture.ts'
import { quotaReport } from './quota.ts'

const space = (sizeBytes: number, inUseBytes: number, quotaBytes = 20 * MIB) => ({
  sizeBytes: sizeBytes * MIB,
  inUseBytes: inUseBytes * MIB,
  quotaBytes,
})

function reportOf(...spaces: readonly ReturnType<typeof space>[]) {
  return quotaReport(clusterStanding(spaces.map((one, at) => memberStanding(at + 1, { space: one }))))
}

test.each([
  [10, 'ok'],
  [17, 'warning'],
  [19.5, 'critical'],
])('%i of 20 MiB: %s', (size, state) => {
  expect(reportOf(space(2, 2), space(size, size)).state).toBe(state)
})

test('a cluster that refuses writes is critical, however small its files are by now', () => {
  const jammed = memberStanding(1, { alarms: ['NOSPACE'] })
  expect(quotaReport(clusterStanding([jammed]))).toMatchObject({
    state: 'critical',
    alarms: ['etcd01: NOSPACE'],
    advice: [expect.stringMatching(/\(NOSPACE\): quorate space reclaim$/)],
  })
})

test('full of live data: a larger quota; full of air: a defragmentation; neither: nothing', () => {
  expect(reportOf(space(17, 16.9), space(18, 17)).advice).toEqual([
    expect.stringMatching(/^etcd01, etcd02 .* 90 % .*quota-backend-bytes: 67108864/),
  ])
  expect(reportOf(space(17, 4)).advice).toEqual([expect.stringMatching(/^etcd01: .*: quorate defrag$/)])
  expect(reportOf(space(4, 1), space(3, 1)).advice).toEqual([])
})

test('who says nothing, and quotas that differ or are beyond advice, are named', () => {
  const members = [
    memberStanding(1, { space: space(1, 1) }),
    memberStanding(2, { space: space(1, 1, 16 * 1024 * MIB) }),
    downMember(3),
  ]
  const { advice, members: rows } = quotaReport(clusterStanding(members))
  expect(advice.join('\n')).toMatch(/size of etcd03 is unknown[^]*different quotas[^]*8 GiB/)
  expect(rows[2]).toEqual({
    name: 'etcd03',
    quotaBytes: null,
    unlimited: false,
    sizeBytes: null,
    inUseBytes: null,
    freeBytes: null,
    full: null,
  })
})

test('a disabled quota is not a limit, and never full', () => {
  const { members, state } = reportOf(space(9_000, 9_000, Infinity))
  expect(state).toBe('ok')
  expect(members[0]).toMatchObject({ unlimited: true, quotaBytes: null, full: 0 })
})
