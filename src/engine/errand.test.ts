import { expect, test } from 'vitest'
import type { AgentRun } from '../host/agent.ts'
import { runErrand } from './errand.ts'
import type { Lock } from './lock.ts'

/** What the lock is asked to do, after this signal. */
async function runsOf(why: Parameters<typeof runErrand>[3], signal: AbortSignal) {
  const calls: string[] = []
  const runs: AgentRun[] = []
  const lock: Lock = {
    lost: new AbortController().signal,
    work: async (_remote, run) => {
      calls.push('work')
      runs.push(run)
      return await Promise.resolve({ lines: ['said'], notes: [] })
    },
    [Symbol.asyncDispose]: async () => await Promise.resolve(),
  }
  const session = {
    signal,
    remote: async () => await Promise.resolve({ host: 'a' } as never),
    log: { begin: () => void calls.push('record'), noticed: () => undefined },
  }
  const reply = await runErrand(session, lock, {} as never, why)
  return { calls, run: runs[0], reply }
}

const operations = [['recover_halt']] as const

test('an errand is recorded before it changes anything, and goes through the lock', async () => {
  const { calls, run, reply } = await runsOf(
    { reason: 'bystander', operations, extension: 'more' },
    new AbortController().signal,
  )
  expect(calls).toEqual(['record', 'work'])
  expect(run).toMatchObject({ operations, looks: [], extension: 'more' })
  expect(reply.lines).toEqual(['said'])
})

test('an errand ends with the session; cleaning up has a deadline of its own', async () => {
  const aborted = AbortSignal.abort()
  expect((await runsOf({ reason: 'changes', operations }, aborted)).run?.signal?.aborted).toBe(true)
  const { run } = await runsOf({ reason: 'cleanup', withinMs: 20, operations }, aborted)
  expect(run?.signal?.aborted).toBe(false)
  await new Promise((done) => run?.signal?.addEventListener('abort', done))
  expect(run?.signal?.reason).toMatchObject({ name: 'TimeoutError' })
})
