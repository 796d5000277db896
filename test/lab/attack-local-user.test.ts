/** What another user of the workstation gains: nothing. The attacks run as that user; needs root, but no machine. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { whyNoLab } from './harness.ts'

const QUORATE = path.resolve(import.meta.dirname, '../../quorate')
/** `nobody`, as an example for any other user. */
const ATTACKER = 65_534
const CLUSTER = `
name: attacked
etcd: { version: "3.5.33" }
nodes: [{ name: a, address: 198.18.7.1, roles: [etcd], ssh: { host: 127.0.0.1, port: 1 } }]
`

const below = async (place: string) => (await readdir(place, { recursive: true })).sort()

const reason = whyNoLab()
describe.skipIf(reason)(`a local user who would be the operator${reason ? ` (${reason})` : ''}`, () => {
  let folder: string
  let shared: string
  let home: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-attack-'))
    await chmod(folder, 0o755)
    shared = path.join(folder, 'tmp')
    home = path.join(folder, 'home')
    await mkdir(shared)
    await chmod(shared, 0o1777)
    await mkdir(home, { mode: 0o700 })
    await writeFile(path.join(folder, 'cluster.yaml'), CLUSTER)
  })
  afterEach(async () => await rm(folder, { recursive: true }))

  /** As root, with the attacker's files in the way. */
  const quorate = async (args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const child = spawn(QUORATE, args, {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: home, TMPDIR: shared, CI: 'true', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (data) => (stdout += String(data)))
    child.stderr.on('data', (data) => (stderr += String(data)))
    const [exitCode] = (await once(child, 'close')) as [number | null]
    return { exitCode, stdout, stderr }
  }
  const attacker = async (script: string) =>
    await promisify(execFile)('sh', ['-euc', script], { cwd: shared, uid: ATTACKER, gid: ATTACKER })

  test('a compile cache that the attacker created in TMPDIR is neither read nor written', async () => {
    await attacker('mkdir -m 777 node-compile-cache')
    expect((await quorate(['validate'])).exitCode).toBe(0)
    expect(await below(shared)).toEqual(['node-compile-cache'])
    // Compiled code is only written to directories where other users can't write.
    const own = path.join(home, '.cache', 'quorate', 'compiled')
    expect((await below(own)).length).toBeGreaterThan(1)
    for (let place = own; place !== home; place = path.dirname(place)) {
      const { mode, uid } = await lstat(place)
      expect([place, uid, mode & 0o777]).toEqual([place, process.getuid?.(), 0o700])
    }
  })

  test("nor one in the attacker's cache, as `sudo -E` and a kept HOME name it", async () => {
    await attacker('mkdir -p cache home/.cache/quorate/compiled')
    const before = await below(shared)
    const [cache, other] = [path.join(shared, 'cache'), path.join(shared, 'home')]
    expect((await quorate(['validate'], { XDG_CACHE_HOME: cache })).exitCode).toBe(0)
    expect((await quorate(['validate'], { HOME: other })).exitCode).toBe(0)
    expect(await below(shared)).toEqual(before)
  })

  test('nor one that was private until the attacker could write to it', async () => {
    const cache = path.join(home, '.cache')
    await mkdir(path.join(cache, 'quorate', 'compiled'), { recursive: true, mode: 0o700 })
    await chmod(path.join(cache, 'quorate', 'compiled'), 0o777)
    await chmod(home, 0o755)
    expect((await quorate(['validate'])).exitCode).toBe(0)
    expect(await below(cache)).toEqual(['quorate', 'quorate/compiled'])
  })

  test('a link at the place of the cache leads nowhere', async () => {
    await mkdir(path.join(folder, 'precious'))
    await attacker(`ln -s ${folder}/precious quorate`)
    expect((await quorate(['validate'], { XDG_CACHE_HOME: shared })).exitCode).toBe(0)
    expect(await readdir(path.join(folder, 'precious'))).toEqual([])
  })

  test('a state directory that the attacker created, or can write to, is refused: it has keys and known hosts', async () => {
    const cluster = path.join(shared, 'cluster.yaml')
    await writeFile(cluster, CLUSTER)
    await attacker('mkdir -m 755 -p .quorate/attacked')
    const his = await quorate(['nodes', '-f', cluster])
    expect(his).toFail('permission/state-directory-is-not-safe', { says: '(uid 65534)' })

    const state = path.join(folder, '.quorate', 'attacked')
    await mkdir(state, { recursive: true, mode: 0o700 })
    await chmod(state, 0o777)
    const open = await quorate(['nodes'])
    expect(open).toFail('permission/state-directory-is-not-safe', { says: state })

    await chmod(state, 0o700)
    await writeFile(path.join(state, 'known_hosts'), '')
    await chmod(path.join(state, 'known_hosts'), 0o666)
    const file = await quorate(['nodes'])
    expect(file).toFail('permission/state-directory-is-not-safe', { says: 'known_hosts' })
    await chmod(path.join(state, 'known_hosts'), 0o600)
    await chown(path.join(state, 'known_hosts'), ATTACKER, ATTACKER)
    const foreign = await quorate(['nodes'])
    expect(foreign).toFail('permission/state-directory-is-not-safe', { says: /known_hosts .*\(uid 65534\)/ })
    await chown(path.join(state, 'known_hosts'), 0, 0)
    expect(await quorate(['nodes'])).not.toFail('permission')
  })

  test('a cluster file that the attacker wrote, or can write to, is refused: it names machines, CA and programs', async () => {
    const file = path.join(folder, 'cluster.yaml')
    await chown(file, ATTACKER, ATTACKER)
    expect(await quorate(['nodes'])).toFail('permission/cluster-file-is-not-safe', {
      says: /cluster\.yaml .*\(uid 65534\)/,
    })
    await chown(file, 0, 0)
    await chmod(file, 0o666)
    expect(await quorate(['nodes'])).toFail('permission/cluster-file-is-not-safe', { says: 'cluster.yaml' })
    await chmod(file, 0o644)
    expect(await quorate(['nodes'])).not.toFail('permission')
    await rm(file)
    expect(await quorate(['nodes'])).toMatchObject({ stderr: expect.stringContaining('cluster.yaml') })
  })

  test("a key that the attacker put at the path of a client's certificate gets none", async () => {
    await attacker('mkdir -m 755 out')
    const out = path.join(shared, 'out')
    expect(await quorate(['certs', 'client', 'alice', '--out', out])).toFail(
      'permission/directory-is-not-safe',
      { says: out },
    )
    expect(await below(out)).toEqual([])
  })

  test("the files of who called sudo are the operator's", async () => {
    const state = path.join(folder, '.quorate', 'attacked')
    await mkdir(state, { recursive: true, mode: 0o700 })
    await chown(state, ATTACKER, ATTACKER)
    expect((await quorate(['nodes'])).exitCode).toBe(77)
    expect(await quorate(['nodes'], { SUDO_UID: String(ATTACKER) })).not.toFail('permission')
  })

  test('what a killed run left is removed by the next, and nothing that only looks like it', async () => {
    const args = ['import', '-']
    const child = spawn(QUORATE, args, {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: home, TMPDIR: shared },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const left = async () => (await readdir(shared)).filter((name) => name.startsWith('quorate-import-'))
    while ((await left()).length === 0) await sleep(20)
    const [mine = ''] = await left()
    // It keeps it while it runs.
    await quorate(args)
    expect(await left()).toEqual([mine])
    child.kill('SIGKILL')
    await once(child, 'close')

    const precious = path.join(folder, 'precious')
    await mkdir(path.join(precious, 'data'), { recursive: true })
    const [his, link] = ['00000000', '11111111'].map((random) => mine.slice(0, -8) + random) as [
      string,
      string,
    ]
    await attacker(`mkdir -m 777 ${his}`)
    await symlink(precious, path.join(shared, link))
    await quorate(args)
    expect((await readdir(shared)).sort()).toEqual([his, link].sort())
    expect(await readdir(precious)).toEqual(['data'])
  })

  test('a CA that was half made is removed from the state directory, also one of an earlier version', async () => {
    const state = path.join(folder, '.quorate', 'attacked')
    const earlier = path.join(state, '.ca.Ab3dEf')
    await mkdir(earlier, { recursive: true, mode: 0o700 })
    await utimes(earlier, 0, 0)
    await quorate(['status'], { HOME: home })
    expect(await readdir(state)).not.toContain('.ca.Ab3dEf')
  })
})
