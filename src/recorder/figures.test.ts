import { expect, test } from 'vitest'
import { Figures } from './figures.ts'

const near = (wanted: number) => (got: number) => Math.abs(got - wanted) <= wanted * 0.05
const date = (ms: number) => new Date(Date.UTC(2030, 0, 1) + ms)

test('the worst gap is what lies between two acknowledgements beyond the pace', () => {
  const figures = new Figures(100, 0)
  for (const at of [5, 105, 205, 1_805, 1_905]) figures.acknowledged(5, at)
  figures.end(2_000)
  expect(figures.report(date)).toMatchObject({ worstGapMs: 1_500, worstGapFrom: '2030-01-01T00:00:00.205Z' })
})

test('so is the time before the first acknowledgement, and after the last', () => {
  const late = new Figures(100, 0)
  late.acknowledged(5, 900)
  expect(late.report(date)).toMatchObject({ worstGapMs: 800, worstGapFrom: '2030-01-01T00:00:00.000Z' })
  const never = new Figures(100, 0)
  never.acknowledged(5, 10)
  expect(never.sketch(3_110).gapMs).toBe(3_000)
  never.end(5_110)
  expect(never.report(date).worstGapMs).toBe(5_000)
})

test('a steady pace has no gap', () => {
  const figures = new Figures(100, 0)
  for (let at = 100; at <= 1_000; at += 100) figures.acknowledged(5, at)
  figures.end(1_050)
  expect(figures.report(date)).toMatchObject({ worstGapMs: 0, worstGapFrom: null, tried: 10 })
})

test('percentiles are right to five percent, and the greatest exactly', () => {
  const figures = new Figures(1, 0)
  for (let latency = 1; latency <= 1_000; latency++) figures.acknowledged(latency, latency)
  const { p50, p90, p99, max } = figures.report(date).latencyMs
  expect(p50).toSatisfy(near(500))
  expect(p90).toSatisfy(near(900))
  expect(p99).toSatisfy(near(990))
  expect(max).toBe(1_000)
})

test('what was tried is what was acknowledged and what failed', () => {
  const figures = new Figures(100, 0)
  figures.acknowledged(1, 1)
  figures.failed()
  figures.retried()
  figures.heldBack()
  expect(figures.report(date)).toMatchObject({
    tried: 2,
    acknowledged: 1,
    failed: 1,
    retried: 1,
    heldBack: 1,
  })
})
