import { expect, test } from 'vitest'
import { QuorateError, combineErrors } from '../errors.ts'
import { createStyles } from './styles.ts'
import { renderError } from './render-error.ts'

function rendered(error: unknown, json = false): string {
  let text = ''
  const write = (more: string) => void (text += more)
  renderError({ out: write, err: write, json, colors: createStyles(false).colors, verbose: false }, error)
  return text
}

const details = { host: 'etcd02', impact: '1 step completed\na rerun continues', hint: 'free space: df -h' }

test('an error says what failed, its impact, one fix, and where to read more', () => {
  expect(rendered(new QuorateError('command', "can't write /etc/etcd: disk full\nline 2", details))).toBe(
    `error: etcd02: can't write /etc/etcd: disk full
       line 2

  impact: 1 step completed
          a rerun continues
  fix: free space: df -h
  docs: quorate explain command
`,
  )
})

test('without impact and hint there is no empty line for them', () => {
  expect(rendered(new QuorateError('usage', 'unknown option: --x'))).toBe(
    'error: unknown option: --x\n\n  docs: quorate explain usage\n',
  )
})

test('as JSON it has the same parts, and the hint under its older name too', () => {
  const { error } = JSON.parse(rendered(new QuorateError('etcd', 'no answer', details), true)) as {
    error: object
  }
  expect(error).toEqual({ code: 'etcd', message: 'no answer', fix: details.hint, ...details })
})

test('an error with an ID refers to it; one with several reasons, to each', () => {
  const one = new QuorateError('locked', 'taken', { id: 'another-operator-holds-the-lock' })
  expect(rendered(one)).toContain('\n  docs: quorate explain locked/another-operator-holds-the-lock\n')
  expect(JSON.parse(rendered(one, true))).toMatchObject({
    error: { code: 'locked', id: 'another-operator-holds-the-lock' },
  })
  const two = new QuorateError('blocked', 'no\nno', { id: ['no-etcd-on-the-node', 'etcd-unit-fails'] })
  expect(rendered(two)).toMatch(
    / {2}docs: quorate explain blocked\/no-etcd-on-the-node\n {8}quorate explain blocked\/etcd-unit-fails\n$/,
  )
  expect(JSON.parse(rendered(two, true))).toMatchObject({
    error: { id: 'no-etcd-on-the-node', ids: ['no-etcd-on-the-node', 'etcd-unit-fails'] },
  })
})

test('errors of several nodes are one error, which names each impact and fix once', () => {
  const errors = ['etcd01', 'etcd02'].map(
    (host) => new QuorateError('etcd', 'no answer', { ...details, host }),
  )
  const text = rendered(combineErrors(errors))
  expect(text).toMatch(/^error: etcd01: no answer\n {7}etcd02: no answer\n\n {2}impact:/)
  expect(text.match(/fix:/g)).toHaveLength(1)
})

test('a bug says that it is one, with its stack', () => {
  expect(rendered(new TypeError('x'))).toMatch(/^error: bug in quorate: TypeError: x\n {4,}at /)
})
