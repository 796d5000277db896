/** Each operation has its own deadline, and a node that lies about its progress gains no time. */
import { expect, test } from 'vitest'
import type { RemoteCommand } from '../ssh/remote.ts'
import { runAgent } from './agent.ts'
import { lookPatience, operationPatience } from './deadlines.ts'
import type { Values } from './operations.ts'

/** What was asked after each piece of the node's output. */
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
  const remote = {
    host: 'etcd01',
    user: 'root',
    run,
    forward: run as never,
    attach: run as never,
    close: async () => undefined,
  }
  await runAgent(remote, {
    fence: 'token',
    operations: [['ready', { unit: 'etcd.service', seconds: '60' }]],
    looks: [['facts', { packages: [] }], ['consumers']],
    onDone: (operation) => done.push(operation),
  })
  // The fence comes before them.
  expect(done).toEqual([...done.keys()].map((index) => index - 1))
  return asked
}

test('what hangs is named: the operation after the last that was done', async () => {
  expect(await askedAfter(['step 0 ok\nst', 'ep 1 ok\n'])).toEqual([
    'fence',
    'ready etcd.service',
    expect.stringContaining('(facts, consumers)'),
  ])
})

test('steps that are reported twice, or out of order, count once', async () => {
  const lies = ['step 1 ok\n', 'step 0 ok\nstep 0 ok\n', 'step 0 ok\n', 'step 99 ok\nstep -1 ok\n']
  expect(await askedAfter(lies)).toEqual(['fence', 'fence', ...Array(3).fill('ready etcd.service')])
})

test('what an operation waits for itself comes on top, and an upload has as long as it is', () => {
  expect(ms('ready', { unit: 'etcd.service', seconds: '60' }) - ms('reload')).toBe(60_000)
  expect(ms('start', { unit: 'etcd.service', delay: '0.12' }) - ms('reload')).toBeCloseTo(120)
  expect(ms('stop', { seconds: '30' }) - ms('stop', { seconds: undefined })).toBe(30_000)
  const large = { texts: 'yes', sizes: [String(64 * 1024 ** 2)] }
  expect(ms('receive', large) - ms('receive', { texts: 'yes', sizes: [] })).toBeGreaterThan(600_000)
  expect(ms('restore_unpack', { token: 'x' })).toBeGreaterThan(3_600_000)
  expect(lookPatience(['facts']).ms).toBe(60_000)
})

function ms(name: string, values?: Values): number {
  return operationPatience(name, values).ms
}
