import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { runProcess } from './process.ts'

test('input, output and exit code', async () => {
  const result = await runProcess('sh', ['-c', 'cat; echo problem >&2; exit 3'], { stdin: 'höre\n' })
  expect(result).toEqual({ stdout: 'höre\n', stderr: 'problem\n', exitCode: 3 })
})

test('more input than a pipe holds arrives whole, from memory and from a stream', async () => {
  const data = Buffer.alloc(5_000_000, 'x')
  const pieces = Array.from({ length: 50 }, () => data.subarray(0, 100_000))
  expect((await runProcess('wc', ['-c'], { stdin: data })).stdout.trim()).toBe('5000000')
  expect((await runProcess('wc', ['-c'], { stdin: Readable.from(pieces) })).stdout.trim()).toBe('5000000')
})

test('a program that does not read its input ends as it likes, even while the source still waits', async () => {
  const endless = new Readable({ read: () => undefined })
  expect((await runProcess('sh', ['-c', 'exit 4'], { stdin: endless })).exitCode).toBe(4)
  expect((await runProcess('true', [], { stdin: Buffer.alloc(5_000_000) })).exitCode).toBe(0)
})

test('a source that fails is told, and its program ended', async () => {
  const source = Readable.from(
    (async function* () {
      yield 'half'
      await Promise.resolve()
      throw new Error('the disk broke')
    })(),
  )
  await expect(runProcess('sh', ['-c', 'cat; sleep 60'], { stdin: source })).rejects.toThrow('the disk broke')
})

test('an abort ends the program and throws its reason', async () => {
  const abort = new AbortController()
  const running = runProcess('sleep', ['60'], { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(running).rejects.toThrow('enough')
})

test('a program that is not there is an error', async () => {
  await expect(runProcess('/nonexistent/program', [], { stdin: 'x' })).rejects.toThrow('ENOENT')
})

test('input waits until the program is ready for it', async () => {
  const ready = Promise.withResolvers<void>()
  const onStdout = (text: string) => text.includes('go') && ready.resolve()
  const result = await runProcess('sh', ['-c', 'echo go; cat'], {
    stdin: 'input',
    ready: ready.promise,
    onStdout,
  })
  expect(result.stdout).toBe('go\ninput')
})
