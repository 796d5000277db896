/** The lab's tests rely on the output of a warm process: it must equal that of a new process. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { warm } from './lab/support/warm.ts'

/** Does what its arguments say, one after the other. */
const PROGRAM = `
import { said } from './state.mjs'
const words = process.argv.slice(2)
process.on('SIGTERM', () => undefined)
process.exitCode = Number(words.find((word) => /^\\d+$/.test(word)) ?? 0)
if (words.includes('say')) process.stdout.write(JSON.stringify({ words, greeting: process.env.GREETING ?? null, listeners: process.listenerCount('SIGTERM') }))
if (words.includes('complain')) process.stderr.write('no good\\n')
if (words.includes('much')) process.stdout.write('ä'.repeat(1_000_000))
if (words.includes('later')) setTimeout(() => process.stdout.write('later'), 50)
if (words.includes('leave')) process.exit(7)
if (words.includes('throw')) throw new TypeError('a bug')
if (words.includes('die')) process.kill(process.pid, 'SIGKILL')
if (words.includes('where')) process.stdout.write(process.cwd() + '\\nthere\\nand')
if (words.includes('pid')) process.stdout.write(String(process.pid))
said()
`

describe('a warm process', () => {
  let folder: string
  let call: (
    words: string,
    env?: NodeJS.ProcessEnv,
  ) => Promise<{ stdout: string; stderr: string; exitCode: number }>
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'quorate-warm-'))
    await writeFile(path.join(folder, 'state.mjs'), 'export const said = () => undefined\n')
    await writeFile(path.join(folder, 'program.mjs'), PROGRAM)
    const program = warm(path.join(folder, 'program.mjs'))
    call = async (words, env = {}) =>
      await program(words.split(' '), { env: { PATH: process.env['PATH'], ...env } })
  })
  afterAll(async () => await rm(folder, { recursive: true, force: true }))

  test('gives each call its words, its environment and its exit code, and nothing of the one before', async () => {
    const first = await call('say complain 3', { GREETING: 'hello' })
    expect(first).toEqual({
      stdout: '{"words":["say","complain","3"],"greeting":"hello","listeners":1}',
      stderr: 'no good\n',
      exitCode: 3,
    })
    expect(await call('say')).toEqual({
      stdout: '{"words":["say"],"greeting":null,"listeners":1}',
      stderr: '',
      exitCode: 0,
    })
  })

  test('is the same one for calls one after the other, and another one for two at once', async () => {
    const first = (await call('pid')).stdout
    expect((await call('pid')).stdout).toBe(first)
    const [one, other] = await Promise.all([call('pid'), call('pid')])
    expect(one.stdout).not.toBe(other.stdout)
  })

  test('works in the directory that a call names, and passes on each whole line as it comes, with the process that says it', async () => {
    const lines: string[] = []
    const pids = new Set<number | undefined>()
    const onLine = (line: string, { pid }: { readonly pid?: number | undefined }) => {
      lines.push(line)
      pids.add(pid)
    }
    const program = warm(path.join(folder, 'program.mjs'))
    const first = await program(['where', 'pid'], { env: {}, cwd: folder, onLine })
    expect(lines).toEqual([folder, 'there'])
    expect(first.stdout).toBe(`${folder}\nthere\nand${[...pids][0]}`)
    expect((await program(['where'], { env: {} })).stdout).toBe(`${process.cwd()}\nthere\nand`)
    expect(lines).toHaveLength(2)
  })

  test('waits for all that a call has started, and returns all that it said', async () => {
    expect(await call('later 4')).toEqual({ stdout: 'later', stderr: '', exitCode: 4 })
    expect((await call('much')).stdout).toBe('ä'.repeat(1_000_000))
  })

  test.each([
    ['leave', 7, ''],
    ['throw', 1, 'TypeError: a bug'],
    ['die', 137, ''],
  ])('that ends by %s: exit code %i, and the next call has another one', async (word, exitCode, says) => {
    const ended = await call(`say complain ${word}`)
    expect(ended).toMatchObject({ exitCode, stdout: expect.stringContaining(word) as string })
    expect(ended.stderr).toContain('no good\n')
    expect(ended.stderr).toContain(says)
    expect(await call('say 2')).toMatchObject({ exitCode: 2 })
  })
})
