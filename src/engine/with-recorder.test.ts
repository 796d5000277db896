import { ETCD_STEPS } from '../tiers/etcd/steps/kinds.ts'
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { QuorateError } from '../errors.ts'
import { sampleCluster } from '../etcd/sample.ts'
import type { AnyStep } from '../tiers/etcd/steps/steps.ts'
import type { RunEvent } from './events.ts'
import type { Session } from '../tiers/etcd/session.ts'
import { type OperationRecord, operationsDirectory } from './operation-record.ts'
import { clusterStallLimitMs, withRecorder } from './with-recorder.ts'

let folder: string
let events: RunEvent[]
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'quorate-record-'))
  events = []
})
afterEach(async () => await rm(folder, { recursive: true }))

/** A session on a cluster that is unreachable. */
function session(now = new Date('2030-01-07T21:03:11.501Z')): Session {
  const cluster = { ...sampleCluster(), stateDirectory: folder }
  return {
    cluster,
    emit: (event: RunEvent) => void events.push(event),
    signal: new AbortController().signal,
    now: () => now,
    steps: ETCD_STEPS,
    recorderClients: async () => await Promise.reject(new Error('no way there')),
    endpoint: async () => {
      throw new QuorateError('unreachable', 'no way there')
    },
  } as unknown as Session
}

async function records(): Promise<OperationRecord[]> {
  const directory = operationsDirectory({ stateDirectory: folder })
  const names = (await readdir(directory)).sort()
  return await Promise.all(
    names.map(
      async (name) => JSON.parse(await readFile(path.join(directory, name), 'utf8')) as OperationRecord,
    ),
  )
}

const file = {
  kind: 'file',
  host: 'etcd01',
  what: 'write',
  content: 'SECRET',
  danger: 'none',
} as unknown as AnyStep

test('an operation is kept with its events, privately, without what files contain', async () => {
  const { result, availability } = await withRecorder(
    session(),
    { verb: 'certs renew', probe: false },
    async (own) => {
      own.emit({ type: 'step-done', step: file, durationMs: 1.6 })
      return 7
    },
  )
  expect({ result, availability }).toEqual({ result: 7, availability: undefined })
  expect(events).toHaveLength(1)
  const directory = operationsDirectory({ stateDirectory: folder })
  expect(await readdir(directory)).toEqual(['20300107T210311.501Z-certs-renew.json'])
  const kept = path.join(directory, '20300107T210311.501Z-certs-renew.json')
  expect([(await stat(kept)).mode & 0o777, (await stat(directory)).mode & 0o777]).toEqual([0o600, 0o700])
  expect(await readFile(kept, 'utf8')).not.toContain('SECRET')
  expect(await records()).toMatchObject([
    {
      cluster: 'sample',
      verb: 'certs renew',
      error: null,
      availability: null,
      events: [{ type: 'step-done', durationMs: 2 }],
    },
  ])
})

test("so is a failed one, and its error is the operation's own", async () => {
  const error = new QuorateError('moved', 'it moved')
  const failing = withRecorder(session(), { verb: 'apply', probe: false }, async () => {
    throw error
  })
  await expect(failing).rejects.toBe(error)
  expect(await records()).toMatchObject([{ error: { code: 'moved', message: 'it moved' } }])
})

test('if no member answers, the operation continues, and that is reported', async () => {
  const { result, availability } = await withRecorder(session(), { verb: 'apply' }, async () => 'done')
  expect({ result, availability }).toEqual({ result: 'done', availability: undefined })
  expect(events).toEqual([{ type: 'note', text: expect.stringMatching(/^availability .*: no way there/) }])
  expect(await records()).toMatchObject([{ availability: null, events: [{ type: 'note' }] }])
})

test("a directory that can't be written to never fails an operation", async () => {
  await writeFile(path.join(folder, 'operations'), 'x')
  const { result } = await withRecorder(session(), { verb: 'apply', probe: false }, async () => 'done')
  expect(result).toBe('done')
  expect(events).toEqual([
    { type: 'warning', text: expect.stringContaining(path.join(folder, 'operations')) },
  ])
})

test('the oldest records go, and nothing else does', async () => {
  await withRecorder(session(), { verb: 'first', probe: false }, async () => undefined)
  const directory = operationsDirectory({ stateDirectory: folder })
  await writeFile(path.join(directory, 'notes.txt'), 'mine')
  await chmod(directory, 0o700)
  for (let count = 0; count < 101; count++) {
    const at = new Date(Date.UTC(2031, 0, 1, 0, 0, count))
    await withRecorder(session(at), { verb: 'apply', probe: false }, async () => undefined)
  }
  const names = await readdir(directory)
  expect(names).toHaveLength(101)
  expect(names).toContain('notes.txt')
  expect(names.sort().at(0)).toBe('20310101T000001.000Z-apply.json')
})

test('what passes for one election follows the cluster file', () => {
  expect(clusterStallLimitMs(sampleCluster())).toBe(2_500)
  expect(clusterStallLimitMs(sampleCluster({ settings: { 'election-timeout': '5000' } }))).toBe(10_500)
})
