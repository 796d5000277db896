import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import type { FileStep } from '../tiers/etcd/steps/file.ts'
import type { AnyStep } from '../tiers/etcd/steps/steps.ts'
import { planJson } from '../tiers/etcd/steps/plan-json.ts'
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
  expect(text).toContain('TOKEN=(known after creation)')
  expect(text).not.toContain('prod-77')
})

test('what blocks stands behind what can be done, with what to do about it', () => {
  const blocked = [
    { host: 'etcd02', message: 'a port is taken', hint: 'stop it', id: 'port-in-use' as const },
  ]
  const text = renderPlan({ waves: [[changed]], blocked }, plain)
  expect(text.indexOf('etcd01')).toBeLessThan(text.indexOf('then blocked'))
  expect(text).toContain('✗ etcd02: a port is taken\n    fix: stop it')
  expect(text).toContain(
    '  ✗ etcd02: a port is taken\n    fix: stop it\n    docs: quorate explain blocked/port-in-use\n',
  )
  expect(planSummary({ waves: [], blocked })).toBe('blocked')
  expect(planSummary({ waves: [[changed]], blocked: [] })).toBe(
    'Plan: 0 to create, 1 to change, 0 to restart, 0 to remove (1 step on 1 host)',
  )
})

function member(kind: 'start' | 'restart', host: string): AnyStep {
  const common = { host, what: `${kind} etcd.service`, why: 'it was asked for' }
  return kind === 'start'
    ? { kind, ...common, turn: 0, danger: 'none' }
    : { kind, ...common, danger: 'restart' }
}

test('each step has the mark of what it does, and a line says what the marks mean', () => {
  const gone: AnyStep = {
    kind: 'member-remove',
    name: 'c',
    memberId: '1',
    what: 'remove c',
    why: 'gone',
    danger: 'membership',
  }
  const waves = [
    [file, { ...changed, host: 'etcd02' }, member('start', 'etcd03')],
    [gone],
    [member('restart', 'etcd01')],
  ]
  const text = renderPlan({ waves, blocked: [] }, plain)
  for (const line of [
    '  + write /etc/etcd/options.env (missing)',
    '  ~ write /etc/etcd/options.env (differs)',
    '  > start etcd.service',
    '  @ restart etcd.service',
    '  - remove c',
  ])
    expect(text).toContain(`\n${line}`)
  expect(text).toContain('\nMarks: + create, ~ change, > start, @ restart, - remove\n')
  expect(planSummary({ waves, blocked: [] })).toBe(
    'Plan: 1 to create, 1 to change, 1 to start, 1 to restart, 1 to remove (5 steps on 3 hosts)',
  )
})

test('the order of starts and restarts is shown, whatever the order of the hosts', () => {
  const lead: AnyStep = {
    kind: 'move-leader',
    from: 'etcd01',
    to: 'etcd03',
    what: 'make etcd03 the leader',
    why: 'x',
    danger: 'none',
  }
  const waves = [
    [member('start', 'etcd04'), member('start', 'etcd05')],
    [member('restart', 'etcd03')],
    [member('restart', 'etcd02')],
    [lead],
    [member('restart', 'etcd01')],
  ]
  expect(renderPlan({ waves, blocked: [] }, plain)).toContain(
    [
      'order',
      '  1. start etcd04, etcd05 at the same time',
      '  2. restart etcd03',
      '  3. restart etcd02',
      '  4. make etcd03 the leader',
      '  5. restart etcd01',
      '',
    ].join('\n'),
  )
  expect(planJson({ waves, blocked: [] })).toMatchObject({
    actions: { start: 2, restart: 3, change: 1 },
    order: [
      { action: 'start', hosts: ['etcd04', 'etcd05'] },
      { action: 'restart', hosts: ['etcd03'] },
      { action: 'restart', hosts: ['etcd02'] },
      { action: 'change', hosts: [], what: 'make etcd03 the leader' },
      { action: 'restart', hosts: ['etcd01'] },
    ],
  })
})
