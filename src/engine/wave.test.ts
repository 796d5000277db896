import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { QuorateError } from '../errors.ts'
import type { AgentReply } from '../host/agent.ts'
import type { RunEvent } from './events.ts'
import type { Dialogue, HostWork } from './host-work.ts'
import type { Lock } from './lock.ts'
import type { HostStepCommon, StepCommon } from './step.ts'
import { stepRegistry } from './step-registry.ts'
import { type Crew, runWave } from './wave.ts'

interface Turn extends HostStepCommon {
  readonly kind: 'turn'
}

interface Aside extends StepCommon {
  readonly kind: 'aside'
  readonly host?: undefined
}

const step: Turn = { kind: 'turn', host: 'a', what: 'turn it', why: 'asked', danger: 'none' }
const aside: Aside = { kind: 'aside', what: 'make something', why: 'asked', danger: 'none' }
const REPLY: AgentReply = { lines: ['seen'], notes: ['moved /x /x.old'] }

/** One node with the step, and what it says and hears. @param parallel another step, which nothing waits for */
function scene({
  answer = async () => await Promise.resolve(REPLY),
  parallel = [],
}: {
  answer?: () => Promise<AgentReply>
  parallel?: readonly Aside[]
}) {
  const calls: string[] = []
  const session = {
    cluster: { nodes: [{ name: 'a' }] as never },
    steps: stepRegistry<Turn | Aside>({
      turn: { action: 'change' },
      aside: { action: 'create', beside: true },
    }),
    remote: async () => await Promise.resolve({ host: 'a' } as never),
    emit: (event: RunEvent) => void calls.push(event.type),
    signal: new AbortController().signal,
  }
  const lock: Lock = {
    lost: new AbortController().signal,
    work: async (_remote, { operations, onDone }) => {
      const reply = await answer()
      onDone?.(-1)
      for (const [index, [name]] of operations.entries()) {
        calls.push(name)
        onDone?.(index)
      }
      return reply
    },
    [Symbol.asyncDispose]: async () => await Promise.resolve(),
  }
  const run = async (work: HostWork | Dialogue, more: Partial<Crew<Turn | Aside>> = {}) =>
    await runWave<Turn | Aside>(session, lock, [...parallel, step], {
      perform: async () => undefined,
      equip: async () => () => work,
      explain: async (thrown) => thrown,
      ...more,
    })
  return { calls, run }
}

const once: Dialogue = async (give) => await give({ operations: [], looks: [] })
const trip: HostWork = { operations: [[['reload']]], looks: [], sendings: [] }

test('a node gets its steps in one round trip, and its answer is handed back', async () => {
  const { calls, run } = scene({})
  expect(await run(trip)).toEqual(new Map([['a', REPLY]]))
  expect(calls).toEqual(['wave', 'step-started', 'reload', 'step-done'])
})

test('a dialogue is done when all of its round trips are, and what it waits for besides', async () => {
  const { calls, run } = scene({})
  const worked = await run(async (give) => {
    await give({ operations: [['reload']], looks: [] })
    const reply = await give({ operations: [['recover_halt']], looks: [] })
    calls.push('waited')
    return reply
  })
  expect(worked.get('a')).toBe(REPLY)
  expect(calls).toEqual(['wave', 'step-started', 'reload', 'recover_halt', 'waited', 'step-done'])
})

test('an error is explained, in a dialogue too, and the step has failed', async () => {
  const refused = new QuorateError('command', 'refused', { host: 'a' })
  const explained = new QuorateError('command', 'refused, because')
  const explain = async () => await Promise.resolve(explained)
  const { calls, run } = scene({ answer: async () => await Promise.reject(refused) })
  await expect(run(once, { explain })).rejects.toBe(explained)
  expect(calls).toEqual(['wave', 'step-started', 'step-failed'])
  await expect(run(trip, { explain })).rejects.toBe(explained)
})

test('an answer that does not show what was done ends the stage', async () => {
  const gone = new QuorateError('moved', 'no trace', { host: 'a' })
  const verify: Crew<Turn>['verify'] = (_node, { lines }) => {
    if (lines.includes('seen')) throw gone
  }
  await expect(scene({}).run(trip, { verify })).rejects.toBe(gone)
})

test("an error waits for the step that runs in parallel, and is not hidden by that step's own error", async () => {
  const unequipped = new QuorateError('artifact', 'no such version')
  const equip = async () => await Promise.reject(unequipped)
  const { calls, run } = scene({ parallel: [aside] })
  const made = Promise.withResolvers<undefined>()
  void pause(20).then(() => made.resolve(undefined))
  await expect(run(trip, { equip, perform: async () => await made.promise })).rejects.toBe(unequipped)
  expect(calls).toEqual(['wave', 'step-started', 'step-done'])
  const trouble = new Error('no entropy')
  const fails = async () => await Promise.reject(trouble)
  await expect(run(trip, { equip, perform: fails })).rejects.toBe(unequipped)
  await expect(run(trip, { perform: fails })).rejects.toThrow('no entropy')
})
