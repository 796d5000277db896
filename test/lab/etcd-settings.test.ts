/** etcd starts with, and uses, whatever `validate` accepts. It exits with, or ignores, whatever `validate` refuses. */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { BUILT, SETTING_CASES } from '../../src/etcd/settings.fixture.ts'
import { environmentName } from '../../src/etcd/versions.ts'
import { etcdBinaries } from './etcd-binaries.ts'

test.for(BUILT)('etcd %s starts with the settings that the table says, and heeds them', async (version) => {
  const { directory } = await etcdBinaries(version)
  const folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-settings-'))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  const fine: (typeof SETTING_CASES)[number]['settings'][] = []
  for (const [at, { settings }] of SETTING_CASES.entries()) {
    const own = path.join(folder, String(at))
    await mkdir(own)
    if (await startsAndHeeds(path.join(directory, 'etcd'), settings, own)) fine.push(settings)
    await rm(own, { recursive: true })
  }
  const wanted = SETTING_CASES.filter(({ starts }) => starts.includes(version))
  expect(fine).toEqual(wanted.map(({ settings }) => settings))
})

/**
 * Whether a new member serves, and reports no variable as unknown. It listens on sockets in its directory, and becomes
 * the leader at once.
 */
async function startsAndHeeds(
  etcd: string,
  settings: Readonly<Record<string, string>>,
  folder: string,
): Promise<boolean> {
  const flags = Object.entries({
    'data-dir': path.join(folder, 'data'),
    'listen-client-urls': 'unix://localhost:1',
    'advertise-client-urls': 'unix://localhost:1',
    'listen-peer-urls': 'unix://localhost:2',
    'initial-advertise-peer-urls': 'unix://localhost:2',
    'initial-cluster': 'default=unix://localhost:2',
    'heartbeat-interval': '10',
    'election-timeout': '50',
  }).map(([flag, value]) => `--${flag}=${value}`)
  const env = Object.fromEntries(
    Object.entries(settings).map(([flag, value]) => [environmentName(flag), value]),
  )
  const child = spawn(etcd, flags, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = Promise.withResolvers<false>()
  const serves = Promise.withResolvers<true>()
  let log = ''
  const hear = (text: Buffer) => {
    log += text.toString()
    if (log.includes('ready to serve client requests')) serves.resolve(true)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  child.once('close', () => ended.resolve(false))
  const started = await Promise.race([serves.promise, ended.promise])
  child.kill('SIGKILL')
  await ended.promise
  return started && !log.includes('unrecognized environment variable')
}
