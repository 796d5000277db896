import { expect, test } from 'vitest'
import { QuorateError } from '../errors.ts'
import { renderRun, renderRuns } from './render-run.ts'

const result = { host: 'etcd01', user: 'root', exitCode: 0, stdout: '', stderr: '', durationMs: 3 }

test("output stands under the machine's own prompt", () => {
  const text = renderRun({ ...result, stdout: 'total 0\n' }, ['ls', '-la', '/etc'])
  expect(text).toBe('root@etcd01:~$ ls -la /etc\ntotal 0\n')
})

test('a missing last line end is added, colors pass unchanged, errors follow output', () => {
  const text = renderRun({ ...result, stdout: '\u001b[31mred\u001b[0m', stderr: 'oops' }, ['x'])
  expect(text).toBe('root@etcd01:~$ x\n\u001b[31mred\u001b[0m\noops\n')
})

test('the command is shown so that it can be pasted', () => {
  expect(renderRun(result, ['echo', "it's", '$HOME'])).toBe(`root@etcd01:~$ echo 'it'\\''s' '$HOME'\n`)
})

test('a failure is named, and so is an unreachable machine', () => {
  const error = new QuorateError('unreachable', '198.18.0.9 is silent', {
    host: 'etcd02',
    hint: 'switch it on',
  })
  expect(
    renderRuns(
      [
        { ...result, exitCode: 3 },
        { host: 'etcd02', error },
      ],
      ['x'],
    ),
  ).toBe('root@etcd01:~$ x\n(exit code 3)\n\n?@etcd02:~$ x\n198.18.0.9 is silent\nswitch it on\n')
})
