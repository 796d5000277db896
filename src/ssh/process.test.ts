import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
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

test('a source may use the memory of one piece for all: each is written before the next is requested', async () => {
  const memory = Buffer.alloc(300_000)
  const pieces = async function* () {
    for (let value = 1; value <= 20; value++) yield await Promise.resolve(memory.fill(value))
  }
  const expected = createHash('sha256')
  for (let value = 1; value <= 20; value++) expected.update(Buffer.alloc(300_000, value))
  const { stdout } = await runProcess('sh', ['-c', 'sleep 0.1; exec sha256sum'], { stdin: pieces() })
  expect(stdout.split(' ')[0]).toBe(expected.digest('hex'))
})

test('a program that does not read its input ends as it likes, even while the source still waits', async () => {
  const endless = new Readable({ read: () => undefined })
  expect((await runProcess('sh', ['-c', 'exit 4'], { stdin: endless })).exitCode).toBe(4)
  expect((await runProcess('true', [], { stdin: Buffer.alloc(5_000_000) })).exitCode).toBe(0)
})

test('a source that fails is reported, and its program ended', async () => {
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

test('a file goes to the program by itself, from its beginning in each run, and its progress is reported', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'quorate-input-'))
  const file = path.join(folder, 'file')
  await writeFile(file, 'x'.repeat(300_000))
  const read: number[] = []
  const stdin = { file, onRead: (bytes: number) => void read.push(bytes) }
  const half = 'head -c 100000 | wc -c; while [ ! -e "$0.go" ]; do sleep 0.05; done; cat | wc -c'
  const onStdout = () => void (read.length === 0 || writeFile(`${file}.go`, ''))
  const goOn = setInterval(onStdout, 20)
  const first = await runProcess('sh', ['-c', half, file], { stdin })
  clearInterval(goOn)
  expect(first.stdout.split('\n').slice(0, 1)).toEqual(['100000'])
  expect(read[0]).toBeGreaterThanOrEqual(100_000)
  expect((await runProcess('wc', ['-c'], { stdin: { file } })).stdout.trim()).toBe('300000')
  await rm(folder, { recursive: true })
  await expect(runProcess('wc', ['-c'], { stdin: { file } })).rejects.toThrow('ENOENT')
})

test('output without an end ends the program, but where it is passed on', async () => {
  await expect(runProcess('yes', [], { maxLength: 100_000 })).rejects.toThrow('more than 100000 characters')
  let length = 0
  const onStdout = (text: string) => void (length += text.length)
  const { stdout } = await runProcess('head', ['-c', '300000', '/dev/zero'], {
    maxLength: 100_000,
    keep: false,
    onStdout,
  })
  expect({ stdout, length }).toEqual({ stdout: '', length: 300_000 })
})

test('what overlooks a kind word is ended by the one that does not ask, and then by itself', async () => {
  const abort = new AbortController()
  const said: string[] = []
  const program = 'trap \'\' HUP; echo there; while [ ! -e "$0" ]; do sleep 0.05; done; exit 7'
  const folder = await mkdtemp(path.join(tmpdir(), 'quorate-stop-'))
  const stop = path.join(folder, 'stop')
  const running = runProcess('sh', ['-c', program, stop], {
    signal: abort.signal,
    onStdout: () => abort.abort(new Error('enough')),
    onStop: () => void said.push('please'),
    onKill: () => {
      said.push('now')
      void writeFile(stop, '')
    },
  })
  await expect(running).rejects.toThrow('enough')
  expect(said).toEqual([...Array.from({ length: 6 }, () => 'please'), 'now'])
  await rm(folder, { recursive: true })
})

test.each([
  ['TERM', 143],
  ['SEGV', 139],
  ['KILL', 137],
])('a program ended by SIG%s has the exit code of a shell', async (signal, exitCode) => {
  expect(await runProcess('sh', ['-c', `kill -${signal} $$`])).toMatchObject({ exitCode })
})
