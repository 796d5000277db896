import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import type { Plan } from '../tiers/etcd/plan/plan.ts'
import type { Step } from '../tiers/etcd/steps/steps.ts'
import { approval } from './approval.ts'
import type { CliContext } from './context.ts'

const written: Step = { kind: 'reload', host: 'etcd01', what: 'reload', why: 'x', danger: 'none' }
const restart: Step = {
  kind: 'restart',
  host: 'etcd02',
  what: 'restart etcd.service',
  why: 'x',
  danger: 'restart',
}
const harmless: Plan = { waves: [[written]], blocked: [] }
const risky: Plan = { waves: [[written], [restart]], blocked: [] }

/** What it prints and how it ends without a terminal. */
async function approved(plan: Plan, options: { readonly yes?: boolean; readonly json?: boolean } = {}) {
  const printed = { out: '', err: '' }
  const context = {
    json: options.json === true,
    assumeYes: options.yes === true,
    terminal: false,
    interactive: false,
    verbose: false,
    colors: createColors(false),
    out: (text: string) => void (printed.out += text),
    err: (text: string) => void (printed.err += text),
  } as unknown as CliContext
  const ended = await approval(
    context,
    async (ask) => await ask(),
  )(plan).then(
    () => 'agreed',
    (error: { code?: string }) => error.code,
  )
  return { ...printed, ended }
}

test.each([
  ['harmless, without --yes', harmless, false, 'agreed'],
  ['harmless, with --yes', harmless, true, 'agreed'],
  ['with a restart, without --yes', risky, false, 'unconfirmed'],
  ['with a restart, with --yes', risky, true, 'agreed'],
] as const)('a plan and its summary are shown without a terminal: %s', async (_what, plan, yes, ended) => {
  const text = await approved(plan, { yes })
  expect(text).toMatchObject({ ended, out: '' })
  expect(text.err).toContain('etcd01\n  ~ reload (x)')
  expect(text.err).toMatch(/\nPlan: 0 to create, 1 to change, [01] to restart, 0 to remove \(/)
  const event = await approved(plan, { yes, json: true })
  expect({ err: event.err, ended: event.ended }).toEqual({ err: '', ended })
  expect(JSON.parse(event.out)).toMatchObject({ type: 'plan', actions: { change: 1 } })
})
