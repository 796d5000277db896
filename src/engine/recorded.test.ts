import { ETCD_STEPS } from '../tiers/etcd/steps/kinds.ts'
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NOTHING_CHANGED, QuorateError } from '../errors.ts'
import type { AnyStep } from '../tiers/etcd/steps/steps.ts'
import type { RunEvent } from './events.ts'
import { type OperationRecord, operationsDirectory } from './operation-record.ts'
import { type Recordable, recorded } from './recorded.ts'

let folder: string
let events: RunEvent[]
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'quorate-recorded-'))
  events = []
})
afterEach(async () => await rm(folder, { recursive: true }))

const session = (): Recordable => ({
  cluster: { name: 'sample', stateDirectory: folder },
  emit: (event) => void events.push(event),
  steps: ETCD_STEPS,
  now: () => new Date('2030-01-07T21:03:11.501Z'),
})
const directory = () => operationsDirectory({ stateDirectory: folder })
const names = async () => (await readdir(directory()).catch((): string[] => [])).toSorted()
const record = async () =>
  JSON.parse(await readFile(path.join(directory(), (await names())[0] ?? ''), 'utf8')) as OperationRecord
const step = {
  kind: 'stop',
  host: 'etcd01',
  what: 'stop etcd.service',
  danger: 'restart',
} as unknown as AnyStep
const wave: RunEvent = { type: 'wave', steps: [step] }

test('work that changes nothing leaves no record, whether it succeeds or not', async () => {
  expect(await recorded(session(), 'reset', async () => 7)).toBe(7)
  const no = new QuorateError('declined', 'no')
  await expect(
    recorded(session(), 'reset', async ({ emit }) => {
      emit({ type: 'note', text: 'looked' })
      throw no
    }),
  ).rejects.toBe(no)
  expect(no.impact).toBe(NOTHING_CHANGED)
  expect(await names()).toEqual([])
})

test('the record is there before the first change, and says that it has not ended: so a killed run leaves it', async () => {
  await recorded(session(), 'reset', async ({ emit }) => {
    emit({ type: 'note', text: 'looked' })
    emit(wave)
    // What a process leaves behind if it is killed at this moment.
    const [name = ''] = readdirSync(directory())
    expect(name).toBe('20300107T210311.501Z-reset.json')
    expect(JSON.parse(readFileSync(path.join(directory(), name), 'utf8'))).toMatchObject({
      verb: 'reset',
      until: null,
      error: null,
      events: [{ type: 'note' }, { type: 'wave', steps: [{ what: 'stop etcd.service', action: 'stop' }] }],
    })
  })
  expect(await record()).toMatchObject({ verb: 'reset', until: '2030-01-07T21:03:11.501Z', error: null })
  expect(await names()).toHaveLength(1)
  expect((await stat(path.join(directory(), (await names())[0] ?? ''))).mode & 0o777).toBe(0o600)
})

test('a failure is in it, and work that emits no step begins it by itself', async () => {
  const error = new QuorateError('store', 'full')
  const failing = recorded(session(), 'backup prune', async ({ log }) => {
    log.begin()
    throw error
  })
  await expect(failing).rejects.toBe(error)
  expect(error.impact).toContain('rerun')
  expect(await record()).toMatchObject({
    verb: 'backup prune',
    error: { code: 'store', message: 'full', impact: error.impact },
  })
})

test('an impact that the error has itself is kept', async () => {
  const error = new QuorateError('etcd', 'no answer', { impact: 'etcd01 was not started' })
  await expect(recorded(session(), 'start', async () => await Promise.reject(error))).rejects.toBe(error)
  expect(error.impact).toBe('etcd01 was not started')
})

test('after Ctrl-C the error says that it was interrupted, and what was changed before it', async () => {
  const signal = AbortSignal.abort()
  const failing = recorded({ ...session(), signal }, 'restart', async ({ emit }) => {
    emit(wave)
    emit({ type: 'step-started', step })
    signal.throwIfAborted()
  })
  await expect(failing).rejects.toMatchObject({
    code: 'cancelled',
    impact: expect.stringContaining('etcd01: stop etcd.service') as string,
  })
  expect(await record()).toMatchObject({ error: { code: 'cancelled' } })
})

test('work within other recorded work has one record with it', async () => {
  await recorded(session(), 'recover', async (outer) => {
    await recorded(outer, 'apply', async ({ emit }) => emit(wave))
  })
  expect(await names()).toEqual(['20300107T210311.501Z-recover.json'])
})
