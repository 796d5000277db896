import { expect, test } from 'vitest'
import { passThrough } from './pass-through.ts'
import type { RemoteCommand } from './remote.ts'

/** A node whose program prints this, and ends with exit code 94. */
function nodeThatPrints(stdout: string) {
  const asked: RemoteCommand[] = []
  const remote = {
    host: 'etcd01',
    user: 'root',
    run: async (command: RemoteCommand) => {
      asked.push(command)
      if (stdout !== '') command.onStdout?.(stdout)
      const kept = command.keep === false ? '' : stdout
      return { host: 'etcd01', stdout: kept, stderr: '', exitCode: 94, durationMs: 1 }
    },
    attach: async () => 0,
    forward: async () => '',
    close: async () => undefined,
  }
  return { remote, asked }
}

const BYTES = 'a\u0000\u00FF'

test('every byte arrives in the result, and the program may run for as long as it wants', async () => {
  const { remote, asked } = nodeThatPrints(BYTES)
  const { result, silent } = await passThrough(remote, ['cat'], {})
  expect([...result.stdout]).toEqual([97, 0, 255])
  expect({ silent, exitCode: result.exitCode, host: result.host }).toEqual({
    silent: false,
    exitCode: 94,
    host: 'etcd01',
  })
  expect(asked).toMatchObject([{ argv: ['cat'], root: true, patience: 'endless', changes: true, keep: true }])
})

test('output that is streamed is not kept as well', async () => {
  const { remote, asked } = nodeThatPrints(BYTES)
  const pieces: number[] = []
  const { result } = await passThrough(remote, ['cat'], { onStdout: (bytes) => pieces.push(...bytes) })
  expect(pieces).toEqual([97, 0, 255])
  expect(result.stdout).toHaveLength(0)
  expect(asked[0]?.keep).toBe(false)
})

test('a program that prints nothing is silent', async () => {
  const { remote } = nodeThatPrints('')
  expect((await passThrough(remote, ['true'], {})).silent).toBe(true)
})
