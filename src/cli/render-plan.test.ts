import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import type { FileStep } from '../plan/steps.ts'
import { planSummary, renderPlan } from './render-plan.ts'

const plain = createColors(false)
const file: FileStep = {
  kind: 'file',
  host: 'etcd01',
  path: '/etc/etcd/options.env',
  content: 'A=1\nTOKEN=prod-77\n',
  before: undefined,
  owner: 'root',
  group: 'etcd',
  mode: '640',
  what: 'write /etc/etcd/options.env',
  why: 'missing',
  danger: 'none',
}
const changed = { ...file, before: 'A=0\nTOKEN=prod-77\n', why: 'differs' }

test('a new file is one line, and its content only where asked for', () => {
  const plan = { waves: [[file]], blocked: [] }
  expect(renderPlan(plan, plain)).toContain('root:etcd 640, new file, 2 lines; -v shows it')
  expect(renderPlan(plan, plain)).not.toContain('A=1')
  expect(renderPlan(plan, plain, { verbose: true })).toContain('+A=1')
})

test('a changed file is a diff', () => {
  const text = renderPlan({ waves: [[changed]], blocked: [] }, plain)
  expect(text).toContain('-A=0')
  expect(text).toContain('+A=1')
  expect(text).toContain(' TOKEN=prod-77')
})

test('a value that will be another one when it is carried out is not shown', () => {
  const text = renderPlan({ waves: [[file]], blocked: [] }, plain, { verbose: true, unknown: ['prod-77'] })
  expect(text).toContain('TOKEN=(known after it is made)')
  expect(text).not.toContain('prod-77')
})

test('what blocks stands behind what can be done, with what to do about it', () => {
  const blocked = [{ host: 'etcd02', message: 'a port is taken', hint: 'stop it' }]
  const text = renderPlan({ waves: [[changed]], blocked }, plain)
  expect(text.indexOf('etcd01')).toBeLessThan(text.indexOf('then it stops'))
  expect(text).toContain('✗ etcd02: a port is taken\n    → stop it')
  expect(planSummary({ waves: [], blocked })).toBe('blocked')
  expect(planSummary({ waves: [[changed]], blocked: [] })).toBe('1 step on 1 host')
})
