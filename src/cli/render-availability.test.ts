import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import { sampleReport } from '../recorder/sample.ts'
import { judgeAvailability } from '../recorder/verdict.ts'
import { describeAvailability, renderAvailability } from './render-availability.ts'

const colors = createColors(false)

test('what went unnoticed is one line', () => {
  const report = sampleReport()
  const line = describeAvailability(
    { type: 'availability', report, verdict: judgeAvailability(report) },
    colors,
  )
  expect(line).toBe(
    '✓ no client impact: 50 writes, 50 reads, worst write gap 120 ms, worst read gap 120 ms, 0 failed, 0 lost, 1 leader change',
  )
})

test('what could be noticed is named, in short and in full', () => {
  const report = { ...sampleReport(), lostWrites: 2, verified: false, troubles: ['reading back: no answer'] }
  const event = { type: 'availability', report, verdict: judgeAvailability(report) } as const
  expect(describeAvailability(event, colors)).toMatch(
    /^! possible client impact: .* 2 lost,.*\n {2}! 2 acknowledged/,
  )
  const text = renderAvailability(event, colors)
  expect(text).toMatch(/^writes +50 +0 +2 +120 ms +5 ms +7 ms +80 ms +130 ms$/m)
  expect(text).toMatch(/^acknowledged writes lost +2$/m)
  expect(text).toMatch(/^leader +etcd01 \(term 2\), then etcd02 \(term 3\)$/m)
  expect(text).toMatch(/^etcd01 +2 of 40 attempts failed: closed$/m)
  expect(text).toMatch(/^the probe +reading back: no answer$/m)
  expect(text).toContain('✗ 2 acknowledged writes were lost')
  expect(text).not.toContain('no impact')
})
