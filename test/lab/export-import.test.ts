/** Keys are copied from one cluster to another unchanged, whatever they contain, and whatever interrupts it. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, open, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { MemberClient } from '../../src/etcd/client.ts'
import { KV } from '../../src/etcd/gen/kv_pb.ts'
import { Lease } from '../../src/etcd/gen/lease_pb.ts'
import { utf8 } from '../../src/etcd/keys.ts'
import { type Session, allMembers } from '../../src/tiers/etcd/session.ts'
import type { ExportedKey, ExportedLease } from '../../src/transfer/format.ts'
import { readExport } from '../../src/transfer/read.ts'
import { exitOf } from '../../src/ssh/process.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { reportOf } from './support/events.ts'
import { sessionOf } from './support/fill.ts'
import { applied } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { PROGRAM, startQuorate } from './support/run.ts'
import { UNCHANGED } from './support/unchanged.ts'

const MANY = 12_000
const BINARY = new Uint8Array([0xff, 0, 0x9b, 0xc3, 0x28])

type Place = Pick<TestLab, 'clusterFile'>

describe.skipIf(whyNoLab())('export and import', () => {
  let lab: TestLab
  /** etcd 3.4 with keys of every kind, and 3.6 without any. */
  let from: Place
  let to: Place
  let sessions: readonly Session[]
  let source: MemberClient
  let target: MemberClient
  beforeAll(async () => {
    lab = await testLab({ machines: 2 })
    const [first, second] = lab.machines.map(({ name, address }) => ({ name, address, roles: ['etcd'] }))
    await applied(lab, {
      nodes: [first],
      etcd: { version: '3.4.23', source: { debian: { suite: 'bookworm' } } },
    })
    from = lab
    to = { clusterFile: path.join(lab.folder, 'second', 'cluster.yaml') }
    const state = path.join(lab.folder, 'second', '.quorate', 'second')
    await mkdir(state, { recursive: true, mode: 0o700 })
    await copyFile(lab.knownHostsFile, path.join(state, 'known_hosts'))
    const { identityFile } = lab
    const content = { name: 'second', ssh: { user: 'root', identityFile }, nodes: [second], etcd: LAB_ETCD }
    await writeFile(to.clusterFile, stringify(content))
    await quorateOk(to, ['apply'])
    sessions = [await sessionOf(from), await sessionOf(to)]
    ;[source, target] = (await Promise.all(sessions.map(allMembers))).map(([one]) => one) as [
      MemberClient,
      MemberClient,
    ]
    await fillWithAllKinds(source)
  })
  afterAll(async () => {
    for (const session of sessions ?? []) await session[Symbol.asyncDispose]()
    await lab.down()
  })

  const at = (name: string) => path.join(lab.folder, name)

  test('an export is a private file, is not replaced, and says all that etcd knows of a key', async () => {
    const report = await quorateOk(from, ['export', '-o', at('all.jsonl'), '--json'])
    expect(JSON.parse(report.trim().split('\n').at(-1) ?? '')).toMatchObject({
      type: 'done',
      keys: MANY + 5,
      leases: 2,
    })
    expect((await stat(at('all.jsonl'))).mode & 0o777).toBe(0o600)
    const again = await quorate(from, ['export', '-o', at('all.jsonl')])
    expect(again).toFail('state/file-exists', { says: at('all.jsonl') })

    const { keys, leases } = await contentOf(at('all.jsonl'))
    expect(keys.size).toBe(MANY + 5)
    const { kvs } = await source.call(KV.method.range, { key: BINARY })
    expect(keys.get(hex(BINARY))).toEqual({
      key: BINARY,
      value: new Uint8Array(kvs[0]?.value ?? []),
      lease: 0n,
      createRevision: kvs[0]?.createRevision,
      modRevision: kvs[0]?.modRevision,
      version: 2n,
    })
    expect([...leases.values()].map(({ grantedSeconds }) => grantedSeconds)).toEqual([3_600n, 7_200n])
  })

  test('keys are seen on a terminal or in a pipe, and not in a file that others can read', async () => {
    const text = await quorateOk(from, ['export', '--prefix', '/text/'])
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { format: 'quorate-export', cluster: 'test', range: { prefix: '/text/' } },
      { lease: expect.any(String), grantedTtl: '3600' },
      { key: '/text/a', value: 'grün', onLease: expect.any(String) },
      { key: '/text/b', value: '' },
      { end: { keys: 2 } },
    ])
    await using file = await open(at('seen.jsonl'), 'w', 0o644)
    const child = spawn(process.execPath, [PROGRAM, '-f', from.clusterFile, 'export'], {
      stdio: ['ignore', file.fd, 'ignore'],
    })
    expect(await exitOf(child)).toBe(77)
    expect((await readFile(at('seen.jsonl'))).length).toBe(0)
  })

  test('a file that was cut short writes nothing', async () => {
    const whole = await readFile(at('all.jsonl'))
    await writeFile(at('short.jsonl'), whole.subarray(0, whole.length - 100))
    const { exitCode, stderr } = await quorate(to, ['import', at('short.jsonl'), '--yes'])
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 10,
      stderr: expect.stringMatching(/short\.jsonl:\d+.*cut short/),
    })
    expect(await countOf(target)).toBe(0)
  })

  test('an import is shown first; killed in the middle it is run again, and then both clusters have the same', async () => {
    const words = ['import', at('all.jsonl')]
    expect(await reportOf(to, [...words, '--dry-run'])).toMatchObject({ changed: false, dryRun: true })
    expect(await quorate(to, words)).toMatchObject({
      exitCode: 12,
      stderr: expect.stringMatching(/new: 12005 .*--yes/s),
    })
    expect(await countOf(target)).toBe(0)

    const killed = await startQuorate(to, [...words, '--yes', '--json'], {
      onLine: (line, child) => {
        const { text, done } = JSON.parse(line) as { readonly text?: string; readonly done?: number }
        if (text === 'importing' && (done ?? 0) > MANY / 2) child.kill('SIGKILL')
      },
    }).ended
    expect(killed.exitCode).toBe(137)
    const half = await countOf(target)
    expect(half).toBeGreaterThan(MANY / 2)
    expect(half).toBeLessThan(MANY)

    const report = JSON.parse(
      (await quorateOk(to, [...words, '--yes', '--json'])).trim().split('\n').at(-1) ?? '',
    ) as {
      readonly written: number
      readonly same: number
    }
    expect(report.same).toBe(half)
    expect(report.written).toBe(MANY + 5 - half)
    expect(await quorateOk(to, [...words, '--yes'])).toMatch(new RegExp(`${UNCHANGED}: 12005 `))

    await quorateOk(to, ['export', '-o', at('arrived.jsonl')])
    const [there, here] = [await contentOf(at('all.jsonl')), await contentOf(at('arrived.jsonl'))]
    expect([...here.keys.keys()]).toEqual([...there.keys.keys()])
    const differing = [...there.keys.values()].filter(
      ({ key, value }) => Buffer.compare(value, here.keys.get(hex(key))?.value ?? new Uint8Array([0])) !== 0,
    )
    expect(differing).toEqual([])
    // No client keeps them alive, so the remaining time only decreases.
    for (const { key, lease } of there.keys.values()) {
      const left = here.leases.get(here.keys.get(hex(key))?.lease ?? 0n)?.secondsLeft
      const before = there.leases.get(lease)?.secondsLeft
      expect((left ?? 0n) <= (before ?? 0n) && (left === undefined) === (before === undefined)).toBe(true)
    }
    // One lease for both, as before.
    const shared = here.keys.get(hex(utf8('/text/a')))?.lease ?? 0n
    const { keys } = await target.call(Lease.method.leaseTimeToLive, { id: shared, keys: true })
    expect(keys.map((key) => Buffer.from(key).toString()).toSorted()).toEqual(['/leased', '/text/a'])
  })

  test('what is there with something else is written over only where that is asked for', async () => {
    const key = utf8('/many/00007')
    await target.call(KV.method.put, { key, value: utf8('ours') })
    const value = async () =>
      Buffer.from((await target.call(KV.method.range, { key })).kvs[0]?.value ?? []).toString()
    const words = ['import', at('all.jsonl'), '--yes']
    expect(await quorate(to, words)).toMatchObject({
      exitCode: 8,
      stderr: expect.stringMatching(/"\/many\/00007".*--replace/s),
    })
    expect(await reportOf(to, [...words, '--only-missing'])).toMatchObject({ kept: 1, replaced: 0 })
    expect(await value()).toBe('ours')
    expect(await quorateOk(to, [...words, '--replace'])).toContain('0 keys written, 1 overwritten')
    expect(await value()).toBe('value 7')
  })

  test('from a pipe, to another prefix; a key that does not have it stops everything', async () => {
    const some = await quorateOk(from, ['export', '--prefix', '/text/'])
    const other = ['--prefix-from', '/many/', '--prefix-to', '/x/']
    expect((await piped(to, some, ['import', '-', ...other, '--yes'])).exitCode).toBe(64)
    const words = [
      'import',
      '-',
      '--prefix-from',
      '/text/',
      '--prefix-to',
      '/copy/',
      '--without-leases',
      '--yes',
    ]
    expect(await piped(to, some, words)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('2 keys written'),
    })
    const { kvs } = await target.call(KV.method.range, { key: utf8('/copy/'), rangeEnd: utf8('/copy0') })
    expect(
      kvs.map((kv) => [Buffer.from(kv.key).toString(), Buffer.from(kv.value).toString(), kv.lease]),
    ).toEqual([
      ['/copy/a', 'grün', 0n],
      ['/copy/b', '', 0n],
    ])
    expect((await readdir('/tmp')).filter((name) => name.startsWith('quorate-import-'))).toEqual([])
  })

  test('a revision that is compacted, or does not exist yet, is reported; an earlier one is read unchanged', async () => {
    const { header } = await source.call(KV.method.range, { key: BINARY })
    const before = header?.revision ?? 0n
    await source.call(KV.method.put, { key: utf8('/text/b'), value: utf8('later') })
    const words = ['export', '--range', '/text/b', '/text/c', '--revision', `${before}`]
    expect(await quorateOk(from, words)).toContain('"value":""')
    await source.call(KV.method.compact, { revision: before + 1n })
    const compacted = await quorate(from, words)
    expect(compacted).toFail('moved/compacted-revision', { says: `${before}` })
    expect(compacted.stdout).toBe('')
    expect((await quorate(from, ['export', '--revision', '99999999'])).exitCode).toBe(64)
  })
})

async function fillWithAllKinds(member: MemberClient): Promise<void> {
  const put = async (key: Uint8Array, value: Uint8Array, lease = 0n) =>
    await member.call(KV.method.put, { key: new Uint8Array(key), value: new Uint8Array(value), lease })
  for (let first = 0; first < MANY; first += 100) {
    const success = Array.from({ length: 100 }, (_, index) => {
      const key = utf8(`/many/${String(first + index).padStart(5, '0')}`)
      return {
        request: { case: 'requestPut' as const, value: { key, value: utf8(`value ${first + index}`) } },
      }
    })
    await member.call(KV.method.txn, { success })
  }
  const shared = (await member.call(Lease.method.leaseGrant, { ttl: 3_600n })).id
  const own = (await member.call(Lease.method.leaseGrant, { ttl: 7_200n })).id
  await put(utf8('/leased'), utf8('1'), shared)
  await put(utf8('/text/a'), utf8('grün'), shared)
  await put(utf8('/text/b'), utf8(''))
  await put(utf8('/zlarge'), randomBytes(1_400_000), own)
  await put(BINARY, utf8('first'))
  await put(BINARY, randomBytes(64))
}

interface Content {
  /** By the key in hexadecimal. */
  readonly keys: ReadonlyMap<string, ExportedKey>
  readonly leases: ReadonlyMap<bigint, ExportedLease>
}

async function contentOf(file: string): Promise<Content> {
  const keys = new Map<string, ExportedKey>()
  const leases = new Map<bigint, ExportedLease>()
  const handle = await open(file)
  for await (const line of readExport(handle.createReadStream(), file)) {
    if (line.kind === 'key') keys.set(hex(line.entry.key), line.entry)
    if (line.kind === 'lease') leases.set(line.lease.id, line.lease)
  }
  return { keys, leases }
}

async function countOf(member: MemberClient): Promise<number> {
  const all = new Uint8Array([0])
  return Number((await member.call(KV.method.range, { key: all, rangeEnd: all, countOnly: true })).count)
}

async function piped({ clusterFile }: Place, input: string, words: readonly string[]) {
  const child = spawn(process.execPath, [PROGRAM, '-f', clusterFile, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stdin.end(input)
  return { exitCode: await exitOf(child), stdout }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
