/** A node must not be able to block a run forever, or to fill its memory. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { AfterBegin, BEGIN } from './begin.ts'
import { Deadline } from './deadline.ts'
import { type Patience, describeCommand, tooMuch } from './limits.ts'

test('when the time is up, the error says which machine, and what it was asked', async () => {
  using deadline = new Deadline('etcd02', { asked: 'df -h', ms: 1_000 }, 0.01)
  const signal = deadline.or(undefined)
  await once(signal, 'abort')
  expect(signal.reason).toMatchObject({ exitCode: 69 })
  expect(signal.reason).toFail('unreachable/no-answer-in-time', { host: 'etcd02', says: 'df -h' })
})

test('what is asked next has its own time; what is endless has none', async () => {
  let current: Patience | undefined = { asked: 'first', ms: 50 }
  using deadline = new Deadline('etcd02', () => current, 1)
  const signal = deadline.or(undefined)
  current = undefined
  deadline.look()
  using other = new Deadline('etcd02', { asked: 'other', ms: 100 }, 1)
  await once(other.or(undefined), 'abort')
  expect(signal.aborted).toBe(false)
  current = { asked: 'second', ms: 1 }
  deadline.look()
  await once(signal, 'abort')
  expect(signal.reason).toMatchObject({ message: expect.stringContaining('second') })
})

test('the signal of the one who asks ends it as well', () => {
  using deadline = new Deadline('etcd02', 'endless', 1)
  const stop = new AbortController()
  const signal = deadline.or(stop.signal)
  stop.abort(new Error('Ctrl-C'))
  expect(signal.reason).toMatchObject({ message: 'Ctrl-C' })
})

const bounds = (maxBytes: number, keep = true) => ({
  maxBytes,
  keep,
  tooMuch: (bytes: number) => tooMuch('etcd02', 'df -h', bytes),
})

test('an answer is read up to its bound', () => {
  const answer = new AfterBegin(bounds(4096))
  answer.push(`${BEGIN}\n`)
  answer.push('x'.repeat(4096))
  expect(() => answer.push('x')).toFail('command/too-much-output', {
    host: 'etcd02',
    says: / 4 KiB .*: df -h$/,
  })
  expect(answer.text.length).toBe(4096)
})

test('one that is passed on is not kept, however long it is', () => {
  const answer = new AfterBegin(bounds(10, false))
  answer.push(`${BEGIN}\n`)
  for (let piece = 0; piece < 100; piece += 1) expect(answer.push('x'.repeat(1000))).toHaveLength(1000)
  expect(answer.text).toBe('')
})

test('a login script that never stops printing is not listened to for ever', () => {
  const answer = new AfterBegin(bounds(1024 ** 3))
  const flood = () => {
    for (;;) answer.push('noise\n'.repeat(1000))
  }
  expect(flood).toFail('command/too-much-output', { says: ' 64 KiB' })
})

test('a program in sh is named by its name', () => {
  expect(describeCommand(['sh', '-c', 'set -eu\nlong', 'quorate-lock', 'token'])).toBe('quorate-lock')
  expect(describeCommand(['systemctl', 'start', 'x.service', 'more'])).toBe('systemctl start x.service')
})
