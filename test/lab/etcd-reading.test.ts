/** quorate and real etcd of each version read the same settings: both must understand them in the same way. */
import * as fc from 'fast-check'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Reading, readSettings } from '../../src/etcd/reading.ts'
import { goDuration } from '../../src/spec/go-values.ts'
import { etcdBinaries } from './etcd-binaries.ts'
import { logOfEtcd } from './support/etcd-log.ts'
import { freePorts } from './support/ports.ts'
import { type Sample, samples } from './support/etcd-samples.ts'

/** Fixed; set QUORATE_READING_SEED for another one, and QUORATE_READING_RUNS for more. */
const SEED = Number(process.env['QUORATE_READING_SEED'] ?? 11)
const RUNS = Number(process.env['QUORATE_READING_RUNS'] ?? 60)

/** Logged values, in the flags' spelling. */
type Logged = Readonly<Record<string, unknown>>
const text = (name: string) => (log: Logged) => {
  const value = log[name]
  return typeof value === 'string' ? value : JSON.stringify(value)
}
const list = (name: string) => (log: Logged) =>
  log[name] === undefined ? undefined : (log[name] as string[]).toSorted().join()
const duration =
  (name: string, unit = 1n) =>
  (log: Logged) => {
    const ns = goDuration(String(log[name]))
    return ns === undefined ? undefined : String(ns / unit)
  }
const LOGGED: Readonly<Record<string, (log: Logged) => string | undefined>> = {
  name: text('name'),
  'wal-dir': text('wal-dir'),
  'initial-cluster-token': text('initial-cluster-token'),
  'initial-cluster-state': text('initial-cluster-state'),
  'heartbeat-interval': duration('heartbeat-interval', 1_000_000n),
  'snapshot-count': text('snapshot-count'),
  'max-wals': text('max-wals'),
  'max-snapshots': text('max-snapshots'),
  'max-request-bytes': text('max-request-bytes'),
  'max-concurrent-streams': text('max-concurrent-streams'),
  'quota-backend-bytes': text('quota-backend-bytes'),
  'initial-election-tick-advance': text('initial-election-tick-advance'),
  'pre-vote': text('pre-vote'),
  'corrupt-check-time': duration('corrupt-check-time-interval'),
  'auto-compaction-retention': duration('auto-compaction-interval'),
  'max-learners': text('max-learners'),
  'snapshot-catchup-entries': text('snapshot-catchup-entries'),
  'listen-metrics-urls': list('listen-metrics-urls'),
  cors: list('cors'),
  'host-whitelist': list('host-whitelist'),
}

/** `logged`, with quorate's reading in place of values that etcd logs differently. */
function expected(defaults: Logged, { settings }: Reading): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(LOGGED).map(([flag, read]) => {
      const own = settings[flag]?.value ?? settings[`experimental-${flag}`]?.value
      const standard = read(defaults)
      if (own === undefined || standard === undefined) return [flag, standard]
      // Without a unit these are hours.
      if (flag === 'auto-compaction-retention')
        return [flag, String(goDuration(/^\d+$/.test(own) ? `${own}h` : own))]
      if (flag === 'corrupt-check-time') return [flag, String(goDuration(own))]
      if (['cors', 'host-whitelist', 'listen-metrics-urls'].includes(flag))
        return [flag, own.split(',').toSorted().join()]
      // Without a setting, etcd has its own quota of 2 GiB.
      return [flag, flag === 'quota-backend-bytes' && own === '0' ? standard : own]
    }),
  )
}

function actual(logged: Logged): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(LOGGED).map(([flag, read]) => [flag, read(logged)]))
}

test.for(['bullseye', 'bookworm', '3.5.35', '3.6.16', '3.7.3'] as const)(
  'etcd of %s makes of its settings what quorate reads',
  { timeout: 120_000 },
  async (choice) => {
    const { directory, version } = await etcdBinaries(choice)
    const folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-reading-'))
    onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
    const start = async (sample: Sample) =>
      await logOfEtcd(path.join(directory, 'etcd'), folder, sample, version.startsWith('3.4.'))
    const byFlags = await start({ words: [], environment: {} })
    const byFile = await start({ words: [], environment: {}, file: '' })
    let started = 0
    await fc.assert(
      fc.asyncProperty(samples, async (sample) => {
        const { words, environment, file } = sample
        const config = file === undefined ? [] : ['--config-file=x']
        const reading = readSettings({ version, command: ['etcd', ...config, ...words], environment, file })
        const { logged } = await start(sample)
        if (logged !== undefined) started += 1
        const defaults = (file === undefined ? byFlags : byFile).logged ?? {}
        // If it does not start, there is nothing to compare.
        const own = logged === undefined ? undefined : expected(defaults, reading)
        const real = logged === undefined ? undefined : actual(logged)
        expect({ starts: reading.faults.length === 0, ...own }).toEqual({
          starts: logged !== undefined,
          ...real,
        })
      }),
      { seed: SEED, numRuns: RUNS },
    )
    // Neither all of them invalid, nor all of them valid.
    expect(started).toBeGreaterThan(RUNS / 10)
    expect(started).toBeLessThan(RUNS)
  },
)

test.for(['bookworm', '3.5.35'] as const)(
  'etcd of %s serves JSON, with a file that says nothing of it, as quorate reads',
  async (choice) => {
    const { directory, version } = await etcdBinaries(choice)
    const folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-reading-'))
    onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
    const [client, peer] = await freePorts(2)
    const [own, other] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`]
    const file = [
      `data-dir: ${folder}/data`,
      `listen-client-urls: ${own}`,
      `advertise-client-urls: ${own}`,
      `listen-peer-urls: ${other}`,
      `initial-advertise-peer-urls: ${other}`,
      `initial-cluster: default=${other}`,
    ].join('\n')
    await writeFile(path.join(folder, 'etcd.yaml'), file)
    const command = [path.join(directory, 'etcd'), '--config-file', path.join(folder, 'etcd.yaml')]
    const env = { ETCD_UNSUPPORTED_ARCH: 'arm64' }
    const etcd = spawn(command[0] ?? '', command.slice(1), { env, stdio: 'ignore' })
    onTestFinished(() => void etcd.kill('SIGKILL'))
    await expect.poll(async () => await answer(`${own}/health`, 'GET'), { timeout: 60_000 }).toBe(200)
    const { settings } = readSettings({ version, command, environment: {}, file })
    const serves = settings['enable-grpc-gateway']?.value !== 'false'
    expect(await answer(`${own}/v3/kv/range`, 'POST')).toBe(serves ? 200 : 404)
  },
)

/** The status of an answer; undefined: no answer. */
async function answer(url: string, method: string): Promise<number | undefined> {
  const body = method === 'POST' ? '{"key":"Zm9v"}' : undefined
  return await fetch(url, { method, ...(body === undefined ? {} : { body }) }).then(
    ({ status }) => status,
    () => undefined,
  )
}
