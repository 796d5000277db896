import { expect, test } from 'vitest'
import { createStyles } from '../src/cli/styles.ts'
import { renderError } from '../src/cli/render-error.ts'
import { renderPlan } from '../src/cli/render-plan.ts'
import { QuorateError, combineErrors } from '../src/errors.ts'

const LOCKED = new QuorateError('locked', 'alice holds it since 12:00', {
  host: 'etcd01',
  hint: 'wait; or: quorate unlock',
  id: 'another-operator-holds-the-lock',
})

/** What a run prints that ends with this error. */
function run(error: unknown, json = false) {
  const out = { stdout: 'before\n', stderr: 'warning: something else\n' }
  const exitCode = renderError(
    {
      out: (text) => (out.stdout += text),
      err: (text) => (out.stderr += text),
      json,
      colors: createStyles(false).colors,
      verbose: false,
    },
    error,
  )
  return { ...out, exitCode }
}

const forms: readonly (readonly [string, unknown])[] = [
  ['an error', LOCKED],
  [
    'what throws',
    () => {
      throw LOCKED
    },
  ],
  ['a run', run(LOCKED)],
  ['a run with --json', run(LOCKED, true)],
]

test.each(forms)('%s is recognized by its ID and its facts', (_, form) => {
  expect(form).toFail('locked/another-operator-holds-the-lock', {
    host: 'etcd01',
    says: ['alice', /since \d\d/],
    fix: 'quorate unlock',
  })
  expect(form).toFail('locked')
  expect(form).not.toFail('command')
  expect(form).not.toFail('command/lost-the-lock')
  expect(form).not.toFail('locked', { host: 'etcd02' })
  expect(form).not.toFail('locked', { says: 'bob' })
  // What only the fix says is not in the message, and the reverse.
  expect(form).not.toFail('locked', { says: 'quorate unlock' })
  expect(form).not.toFail('locked', { fix: 'alice' })
})

test('an error of several reasons has each of their IDs, and each of its nodes', () => {
  const ids = ['data-is-missing', 'weak-ca'] as const
  const error = combineErrors(
    ids.map((id, index) => new QuorateError('blocked', id, { host: `etcd0${index + 1}`, id })),
  )
  for (const form of [error, run(error), run(error, true)]) {
    expect(form).toFail('blocked/data-is-missing', { host: 'etcd01' })
    expect(form).toFail('blocked/weak-ca', { host: 'etcd02' })
    expect(form).not.toFail('blocked', { host: 'etcd03' })
  }
})

test('what succeeds, is a bug or ends with another exit code fails with nothing', () => {
  expect(() => undefined).not.toFail('locked')
  expect({ stdout: '', stderr: '', exitCode: 0 }).not.toFail('locked')
  expect(run(new TypeError('x'))).not.toFail('locked')
  expect({ ...run(LOCKED), exitCode: 1 }).not.toFail('locked')
})

test('a promise, and a part of a value', async () => {
  await expect(Promise.reject(LOCKED)).rejects.toFail('locked/another-operator-holds-the-lock')
  expect([{ error: LOCKED }]).toEqual([{ error: expect.toFail('locked') }])
})

test('a plan that is blocked, on standard output', () => {
  const plan = {
    waves: [],
    blocked: [{ host: 'etcd02', message: 'socat listens', hint: 'stop it', id: 'port-in-use' as const }],
  }
  const stdout = `${renderPlan(plan, createStyles(false).colors)}\nblocked\n`
  const blocked = { stdout, stderr: '', exitCode: 8 }
  expect(blocked).toFail('blocked/port-in-use', { host: 'etcd02', says: 'socat', fix: 'stop it' })
  expect(blocked).not.toFail('blocked/port-in-use', { host: 'etcd01' })
  expect({ ...blocked, exitCode: 0 }).not.toFail('blocked')
})
