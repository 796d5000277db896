/** Backups are verified, restore-tested and removed: of real members on loopback, with the tool as users run it. */
import { mkdtemp, readFile, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT_CODES } from '../../src/errors.ts'
import { provenFileName, sideFileName } from '../../src/backup/names.ts'
import { BackupSource, IDENTITY } from './support/backup-source.ts'
import { startQuorate } from './support/run.ts'

const NOT_AS_IT_SHOULD_BE = 10
const UNCONFIRMED = 12

const SIGNING = ['allowed_signers', 'backup-signing.key']

let folder: string
let identity: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-proofs-'))
  identity = path.join(folder, 'key.txt')
  await writeFile(identity, `${IDENTITY}\n`, { mode: 0o600 })
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

describe('backups of a member of 3.5.16', () => {
  let source: BackupSource
  /** The backup that all tests use. */
  let name: string
  let file: string
  const verify = async (...words: string[]) =>
    await source.run('backup', 'verify', name, '--identity', identity, ...words)
  /** Its work directory: nothing may be left in it except what signatures need. */
  const left = async () =>
    (await readdir(path.join(source.store, '..', '.quorate', 'prod'))).filter((one) => !SIGNING.includes(one))
  const listed = async () => JSON.parse(await source.ok('backup', 'list', '--json')).backups[0]

  beforeAll(async () => {
    source = await BackupSource.start(folder, 'trixie')
    await source.write()
    ;({ name } = await source.backup())
    file = path.join(source.store, name)
  })
  afterAll(async () => {
    await source[Symbol.asyncDispose]()
  })

  test('listed as never restore-tested; verified; restore-tested, and listed as that since', async () => {
    const { proof } = JSON.parse(await readFile(path.join(source.store, sideFileName(name)), 'utf8'))
    expect(await source.ok('backup', 'list')).toMatch(new RegExp(`^${name} .* never `, 'm'))
    const verified = await source.ok('backup', 'verify', '--identity', identity, '--json')
    expect(JSON.parse(verified)).toMatchObject({ backups: [{ name, ok: true, drill: null }] })
    const said = await source.ok('backup', 'verify', name, '--drill', '--identity', identity)
    expect(said).toContain(`live keys: ${proof.keys}, as recorded`)
    expect(said).toContain(`revision: ${proof.status.revision}, as recorded`)
    expect(said).toContain(`(HashKV): ${proof.hashKv.hash}, as recorded`)
    expect(await listed()).toMatchObject({
      name,
      proven: {
        etcdVersion: '3.5.16',
        keys: proof.keys,
        revision: proof.status.revision,
        hash: proof.hashKv.hash,
      },
      troubles: [],
    })
    expect(await left()).toEqual([])
  })

  test('a wrong secret opens nothing, and the proof stays', async () => {
    const passphrase = path.join(folder, 'passphrase')
    await writeFile(passphrase, 'not it\n', { mode: 0o600 })
    const refused = await source.run('backup', 'verify', '--passphrase-file', passphrase)
    expect(refused).toFail('backup/wrong-secret')
    expect((await listed()).proven).not.toBeNull()
  })

  test('cut off, a bit flipped, given another name, or another side file: each is said', async () => {
    const whole = await readFile(file)
    await truncate(file, whole.length - 100)
    expect(await verify()).toFail('backup', { says: 'damaged' })
    // It is another file than the restore-tested one.
    expect(await listed()).toMatchObject({
      proven: null,
      troubles: [expect.stringContaining(`${whole.length} were written`)],
    })

    const flipped = Buffer.from(whole)
    flipped[whole.length >> 1] = (flipped[whole.length >> 1] ?? 0) ^ 1
    await writeFile(file, flipped)
    expect(await verify()).toFail('backup/changed-after-encryption')

    await writeFile(file, whole)
    const beside = path.join(source.store, sideFileName(name))
    const side = await readFile(beside, 'utf8')
    await writeFile(beside, side.replace(/"keys": "\d+"/, '"keys": "1"'))
    expect(await verify()).toFail('backup/side-file-differs', { says: /: .*figures/ })
    await rm(beside)
    const alone = await verify('--json')
    expect(alone.exitCode).toBe(0)
    expect(JSON.parse(alone.stdout)).toMatchObject({
      backups: [{ ok: true, notes: [expect.stringContaining('side file')] }],
    })

    const other = name.replace(/-r\d+/, '-r9999')
    await rename(file, path.join(source.store, other))
    const renamed = await source.run('backup', 'verify', other, '--identity', identity)
    expect(renamed).toFail('signature/name-of-another-backup', { says: name })
    await rename(path.join(source.store, other), file)
    await writeFile(beside, side)
    expect(await left()).toEqual([])
  })

  test('killed during a test restore: etcd dies with it, and the next run removes what it left', async () => {
    const words = ['backup', 'verify', name, '--drill', '--identity', identity, '--store', source.store]
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const { child, ended } = startQuorate(source.file, words)
      while ((await drillsUnder(folder)).length === 0 && child.exitCode === null) await sleep(2)
      child.kill(signal)
      expect((await ended).exitCode).not.toBe(0)
      for (let attempt = 0; attempt < 100 && (await drillsUnder(folder)).length > 0; attempt++)
        await sleep(20)
      expect(await drillsUnder(folder)).toEqual([])
      expect(await left()).toHaveLength(signal === 'SIGKILL' ? 2 : 0)
    }
    expect(await verify()).toMatchObject({ exitCode: 0 })
    expect(await left()).toEqual([])
  })

  test('what was recorded was wrong: a test restore detects it, and the backup no longer counts as restore-tested', async () => {
    expect(await verify('--drill')).toMatchObject({ exitCode: 0 })
    expect((await listed()).proven).not.toBeNull()
    await source.forge(name, { keys: '12' })
    expect(await verify()).toMatchObject({ exitCode: 0 })
    const { exitCode, stdout } = await verify('--drill', '--json')
    expect(exitCode).toBe(NOT_AS_IT_SHOULD_BE)
    expect(JSON.parse(stdout).backups[0]).toMatchObject({
      ok: false,
      error: { code: 'backup', message: expect.stringMatching(/keys: recorded 12, restored \d+/) },
    })
    const { proof } = JSON.parse(await readFile(path.join(source.store, sideFileName(name)), 'utf8'))
    // The tool's count depends on its version, and means nothing; its hash does.
    await source.forge(name, { status: { ...proof.status, totalKey: '1' } })
    expect(await verify()).toMatchObject({ exitCode: 0 })
    await source.forge(name, { status: { ...proof.status, hash: '1' } })
    expect(await verify()).toFail('backup', { says: `hash 1, now ${proof.status.hash}` })
    await source.forge(name, { status: proof.status, hashKv: { ...proof.hashKv, hash: '1' } })
    expect(await verify('--drill')).toFail('backup', { says: 'hash: recorded 1,' })
    expect((await listed()).proven).toBeNull()
    await expect(readFile(path.join(source.store, provenFileName(name)))).rejects.toThrow(/ENOENT/)
  })

  test('if etcd has users, a test restore still gets access', async () => {
    await source.useUsers()
    const { name: closed, proof } = await source.backup({ kind: 'plaintext' })
    const said = await source.ok('backup', 'verify', closed, '--drill')
    expect(said).toContain(`live keys: ${proof.keys}, as recorded`)
  })
})

test('a backup of 3.4.23: with its own etcd, and with a newer one where that is all there is', async () => {
  await using source = await BackupSource.start(folder, 'bookworm')
  await source.write()
  const { name, proof } = await source.backup({ kind: 'plaintext' })
  for (const suite of ['bookworm', 'trixie'] as const) {
    await source.useEtcd(suite)
    const { backups } = JSON.parse(await source.ok('backup', 'verify', name, '--drill', '--json'))
    expect(backups[0]).toMatchObject({
      ok: true,
      drill: {
        etcdVersion: suite === 'bookworm' ? '3.4.23' : '3.5.16',
        checks: expect.arrayContaining([
          { what: 'keys', recorded: proof.keys, found: proof.keys, outcome: 'equal' },
        ]),
      },
    })
  }

  // It is restore-tested now: older ones are removed, and the newer one stays as the newest.
  const named = (time: string) => name.replace(/\d{8}T[\d.]+Z/, time)
  const [old, newest] = [named('20200101T000000Z'), named('29990101T000000Z')]
  for (const other of [old, newest]) await writeFile(path.join(source.store, other), 'x')
  const prune = ['backup', 'prune', '--keep', 'hourly=0,daily=0,weekly=0,monthly=0']
  const asked = await source.run(...prune)
  expect({ exitCode: asked.exitCode, stderr: asked.stderr }).toMatchObject({
    exitCode: UNCONFIRMED,
    stderr: expect.stringMatching(new RegExp(`delete +${old}[^]*permanently\\?[^]*--yes`)),
  })
  expect(await readdir(source.store)).toContain(old)
  expect(await source.ok(...prune, '--yes')).toMatch(/deleted 1 backup .*2 backups stay/)
  const left = (await readdir(source.store)).filter((file) => !file.endsWith('.json'))
  expect(left.toSorted()).toEqual([name, newest].toSorted())
  const again = (await source.ok(...prune, '--yes', '--json')).trim().split('\n').at(-1) ?? ''
  expect(JSON.parse(again)).toMatchObject({ type: 'done', removed: [], swept: [] })
})

test('a backup of 3.5 after the step to 3.6 is as good as before; one of 3.6 with a tool of 3.5 is read, and not restored', async () => {
  await using older = await BackupSource.start(folder, '3.5.35')
  await older.write()
  const { name, proof } = await older.backup({ kind: 'plaintext' })
  await older.useEtcd('3.6.16')
  const { backups } = JSON.parse(await older.ok('backup', 'verify', name, '--drill', '--json'))
  expect(backups[0]).toMatchObject({
    ok: true,
    drill: {
      etcdVersion: '3.6.16',
      checks: [
        { what: 'revision', outcome: 'equal' },
        equal('keys', proof.keys),
        equal('hash', proof.hashKv?.hash),
      ],
    },
  })

  await using newer = await BackupSource.start(folder, '3.6.16')
  await newer.write()
  const { name: later, proof: counted } = await newer.backup({ kind: 'plaintext' })
  // The two tools do count different things.
  expect(counted.keys).toBe(proof.keys)
  expect(counted.status.totalKey).not.toBe(proof.status.totalKey)
  await newer.useEtcd('3.5.35')
  expect(JSON.parse(await newer.ok('backup', 'verify', later, '--json'))).toMatchObject({
    backups: [{ name: later, ok: true }],
  })
  expect(await newer.run('backup', 'verify', later, '--drill')).toMatchObject({
    exitCode: EXIT_CODES.artifact,
  })
})

function equal(what: string, value: string | undefined) {
  return { what, recorded: value, found: value, outcome: 'equal' }
}

/** Command lines of test restores' etcd processes with data below the directory. */
async function drillsUnder(parent: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  const lines = await Promise.all(
    // Already gone: none.
    pids.map(async (pid) => await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  return lines.filter((line) => line.includes('--name=drill') && line.includes(`--data-dir=${parent}`))
}
