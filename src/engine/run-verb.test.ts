import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { QuorateError } from '../errors.ts'
import { sampleNode } from '../etcd/sample.ts'
import { ETCD_STEPS } from '../tiers/etcd/steps/kinds.ts'
import { theseMachines } from './locking.ts'
import { operationsDirectory } from './operation-record.ts'
import { type Verb, type VerbSession, idle, runVerb } from './run-verb.ts'

let folder: string
let calls: string[]
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'quorate-verb-'))
  calls = []
})
afterEach(async () => await rm(folder, { recursive: true }))

const session = (): VerbSession => ({
  cluster: { name: 'sample', stateDirectory: folder, etcd: { settings: {} } } as never,
  emit: () => undefined,
  steps: ETCD_STEPS,
  now: () => new Date('2030-01-07T21:03:11.501Z'),
  signal: new AbortController().signal,
  remote: async () => await Promise.reject(new Error('no machine is meant')),
  recorderClients: async () => await Promise.reject(new Error('nothing is to be recorded')),
})

/** Would write a number: as many as it has observed. */
function verb(looks: readonly number[], own: Partial<Verb<VerbSession, number, string>> = {}) {
  const left = [...looks]
  return {
    name: 'sample',
    decide: async (_, shown) => {
      calls.push(shown === undefined ? 'look' : `look, shown ${shown}`)
      const found = left.shift() ?? 0
      return found === 0 ? idle('nothing') : found
    },
    confirm: async (decision) => void calls.push(`asked for ${decision}`),
    scope: () => 'none',
    same: (shown, now) => shown === now,
    lookHint: 'quorate status',
    probe: () => false,
    carryOut: async ({ decision }) => {
      calls.push(`did ${decision}`)
      return `did ${decision}`
    },
    ...own,
  } satisfies Verb<VerbSession, number, string>
}

const records = async () =>
  await readdir(operationsDirectory({ stateDirectory: folder })).catch((): string[] => [])

test('what was shown is observed again, and done; the record contains it', async () => {
  expect(await runVerb(session(), verb([3, 3]))).toEqual({ result: 'did 3', availability: undefined })
  expect(calls).toEqual(['look', 'asked for 3', 'look, shown 3', 'did 3'])
  expect(await records()).toHaveLength(1)
})

test('if there is nothing to do, there is no question and no record', async () => {
  expect(await runVerb(session(), verb([]))).toEqual({ result: 'nothing', availability: undefined })
  expect(calls).toEqual(['look'])
  expect(await records()).toEqual([])
})

test.each([
  ['another thing', [3, 4]],
  ['nothing', [3, 0]],
])('what has become %s meanwhile is not done', async (_, looks) => {
  await expect(runVerb(session(), verb(looks))).rejects.toMatchObject({ code: 'moved' })
  expect(calls).toEqual(['look', 'asked for 3', 'look, shown 3'])
  expect(await records()).toEqual([])
})

/** One node, whose lock is free. */
const machines = () => theseMachines([sampleNode('etcd01', '192.168.0.1')])
const lockable = (): VerbSession => ({
  ...session(),
  remote: async ({ name }) =>
    ({
      host: name,
      run: async ({ stdin, onStdout }: { stdin: Readable; onStdout: (text: string) => void }) => {
        calls.push('locked')
        onStdout('locked\n')
        await stdin.toArray()
        calls.push('unlocked')
        return { exitCode: 0, stderr: '' }
      },
    }) as never,
})

test('a slow check runs once, and what comes first under the lock changes what is done', async () => {
  const prepared = verb([3, 3], {
    scope: machines,
    precheck: async (_, decision) => void calls.push(`checked ${decision}`),
    prepare: async (_, decision) => {
      calls.push(`prepared ${decision}`)
      return decision * 10
    },
  })
  expect(await runVerb(lockable(), prepared)).toMatchObject({ result: 'did 30' })
  expect(calls).toEqual([
    'look',
    'checked 3',
    'asked for 3',
    'locked',
    'look, shown 3',
    'prepared 3',
    'did 30',
    'unlocked',
  ])
})

test.each([
  { prepare: async () => await Promise.reject(new QuorateError('preflight', 'no')) },
  { precheck: async () => await Promise.reject(new QuorateError('preflight', 'no')) },
])('what does not fit is not started, and leaves no record', async (own) => {
  await expect(runVerb(session(), verb([3, 3], own))).rejects.toMatchObject({ code: 'preflight' })
  expect(calls).not.toContain('did 3')
  expect(await records()).toEqual([])
})

test('a lost lock is named, and not only that the running work was canceled', async () => {
  const taken = Promise.withResolvers<{ exitCode: number; stderr: string }>()
  const losing: VerbSession = {
    ...session(),
    remote: async ({ name }) =>
      ({
        host: name,
        run: async ({ onStdout }: { onStdout: (text: string) => void }) => {
          onStdout('locked\n')
          return await taken.promise
        },
      }) as never,
  }
  const waiting = verb([3, 3], {
    scope: machines,
    carryOut: async ({ session: { signal } }) => {
      taken.resolve({ exitCode: 75, stderr: 'taken' })
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      throw new QuorateError('cancelled', 'cancelled while waiting for etcd')
    },
  })
  await expect(runVerb(losing, waiting)).rejects.toFail('command/lost-the-lock', {
    host: 'etcd01',
    says: 'taken',
  })
})

const first = (isRisky: boolean) => ({ scope: machines(), isRisky: () => isRisky })

test('where the lock comes first there is one look, unless it takes a member away', async () => {
  await runVerb(lockable(), verb([3], { lockFirst: first(false) }))
  expect(calls).toEqual(['locked', 'look', 'asked for 3', 'did 3', 'unlocked'])
  calls = []
  await runVerb(lockable(), verb([3, 3], { lockFirst: first(true) }))
  expect(calls).toEqual(['locked', 'look', 'asked for 3', 'look, shown 3', 'did 3', 'unlocked'])
})

test('if the lock comes first, it observes again after a slow answer', async () => {
  vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValueOnce(2_001)
  try {
    const slow = verb([3, 4], { lockFirst: { scope: 'none', isRisky: () => false } })
    await expect(runVerb(session(), slow)).rejects.toMatchObject({ code: 'moved' })
  } finally {
    vi.restoreAllMocks()
  }
  expect(calls).toEqual(['look', 'asked for 3', 'look, shown 3'])
})

test('where the lock comes first and nothing is to be done it is given back', async () => {
  expect(await runVerb(lockable(), verb([], { lockFirst: first(true) }))).toMatchObject({ result: 'nothing' })
  expect(calls).toEqual(['locked', 'look', 'unlocked'])
})

test('after a no there is no second observation', async () => {
  const no = new QuorateError('declined', 'no')
  await expect(runVerb(session(), verb([3], { confirm: async () => await Promise.reject(no) }))).rejects.toBe(
    no,
  )
  expect(calls).toEqual(['look'])
})

test("a command without a lock receives one that can't change a machine", async () => {
  const changing = verb([3, 3], {
    carryOut: async ({ lock }) => {
      await lock.work({} as never, { operations: [], looks: [] })
      return 'changed'
    },
  })
  await expect(runVerb(session(), changing)).rejects.toThrow(TypeError)
})
