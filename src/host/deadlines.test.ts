/** Each operation has its own time, and a machine that lies about its progress gains none. */
import { expect, test } from 'vitest'
import type { RemoteCommand } from '../ssh/remote.ts'
import { runAgent } from './agent.ts'
import { lookPatience, operationPatience } from './deadlines.ts'

/** What was asked after each piece of the machine's output. */
async function askedAfter(pieces: readonly string[]): Promise<readonly string[]> {
  const asked: string[] = []
  const done: number[] = []
  const run = async ({ patience, onStdout }: RemoteCommand) => {
    const now = () =>
      asked.push((typeof patience === 'function' ? patience()?.asked : undefined) ?? 'nothing')
    now()
    for (const piece of pieces) {
      onStdout?.(piece)
      now()
    }
    return await Promise.resolve({ host: 'etcd01', stdout: '', stderr: '', exitCode: 0, durationMs: 1 })
  }
  const remote = { host: 'etcd01', user: 'root', run, forward: run as never, close: async () => undefined }
  await runAgent(remote, {
    fence: 'token',
    operations: [['ready', 'etcd.service', '60']],
    looks: [['facts'], ['member']],
    onDone: (operation) => done.push(operation),
  })
  // Before them the fence.
  expect(done).toEqual([...done.keys()].map((index) => index - 1))
  return asked
}

test('what hangs is named: the operation after the last that was done', async () => {
  expect(await askedAfter(['step 0 ok\nst', 'ep 1 ok\n'])).toEqual([
    'fence',
    'ready etcd.service',
    'look at its state (facts, member)',
  ])
})

test('steps that are told twice, or out of order, count once', async () => {
  const lies = ['step 1 ok\n', 'step 0 ok\nstep 0 ok\n', 'step 0 ok\n', 'step 99 ok\nstep -1 ok\n']
  expect(await askedAfter(lies)).toEqual(['fence', 'fence', ...Array(3).fill('ready etcd.service')])
})

test('what an operation waits for itself comes on top, and an upload has as long as it is', () => {
  expect(ms('ready', 'etcd.service', '60') - ms('reload')).toBe(60_000)
  expect(ms('stop', 'etcd.service', '30') - ms('stop', 'etcd.service')).toBe(30_000)
  expect(ms('receive', 'texts', String(64 * 1024 ** 2)) - ms('receive', '-')).toBeGreaterThan(600_000)
  expect(ms('restore_stage', 'f0', 'token')).toBeGreaterThan(3_600_000)
  expect(lookPatience(['facts']).ms).toBe(60_000)
})

function ms(...words: string[]): number {
  return operationPatience(words).ms
}
