/** What a backup location guarantees, for both kinds: a directory, and a bucket of a real S3 server. */
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorTopic } from '../../src/error-ids.ts'
import { tool } from '../../src/lab/tool.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { S3Location } from '../../src/store/s3-client.ts'
import type { BackupStore } from '../../src/store/store.ts'
import { whyNoLab } from './harness.ts'
import { startS3Server, type S3Server } from './support/s3-server.ts'

const MIB = 1024 ** 2
const reason = whyNoLab()

let server: S3Server
let folder: string
beforeAll(async () => {
  if (reason !== undefined) return
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-store-'))
  server = await startS3Server()
  for (const bucket of ['plain', 'versions', 'many']) await make(bucket)
  await make('locked', true)
  const Status = 'Enabled' as const
  const versions = new PutBucketVersioningCommand({ Bucket: 'versions', VersioningConfiguration: { Status } })
  await server.client.send(versions)
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  if (folder !== undefined) await rm(folder, { recursive: true })
})

async function make(bucket: string, locks = false): Promise<void> {
  await server.client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: locks }))
}

const context = { environment: {}, signal: new AbortController().signal }

async function bucketStore(bucket: string, more?: Partial<S3Location>): Promise<BackupStore> {
  return await openStore(server.location(bucket, more), context)
}

const kinds: readonly [string, (at: string) => Promise<BackupStore>][] = [
  ['folder', async (at) => await openStore({ kind: 'directory', path: path.join(folder, at) }, context)],
  ['bucket', async (at) => await bucketStore('plain', { prefix: at })],
]

describe.skipIf(reason !== undefined).each(kinds)('a %s', (_kind, open) => {
  test('gives back what was put, byte for byte, whatever its size', async () => {
    using store = await open('whole')
    for (const [name, size] of Object.entries({ empty: 0, small: 5, large: 40 * MIB + 7 })) {
      const given = createHash('sha256')
      const put = await store.put(name, random(size, given), { expectedBytes: size })
      expect(put).toEqual({ sizeBytes: size })
      const got = createHash('sha256')
      for await (const piece of await store.get(name)) got.update(piece)
      expect(got.digest('hex')).toBe(given.digest('hex'))
    }
    const files = (await store.list()).map(({ name, sizeBytes }) => `${name} ${sizeBytes}`)
    expect(files.toSorted()).toEqual(['empty 0', `large ${40 * MIB + 7}`, 'small 5'])
    await store.remove('large')
    expect((await store.list()).map(({ name }) => name).toSorted()).toEqual(['empty', 'small'])
    await expect(store.get('large')).rejects.toMatchObject({ code: 'store' })
  })

  test('replaces side files, and never a backup', async () => {
    using store = await open('replaced')
    await store.write('a.json', 'first')
    await store.write('a.json', 'second')
    expect(await store.read('a.json')).toBe('second')
    expect(await store.read('b.json')).toBeUndefined()
    await store.put('a', pieces('first'))
    await expect(store.put('a', pieces('second'))).rejects.toMatchObject({
      code: 'store',
      message: expect.stringMatching(/already exists/),
    })
    expect(await text(store, 'a')).toBe('first')
    await expect(store.put('../a', pieces('x'))).rejects.toMatchObject({ code: 'store' })
  })

  test('has nothing of what broke off or was stopped, before or after the first part was sent', async () => {
    using store = await open('broken')
    for (const size of [5, 20 * MIB]) {
      await expect(store.put('a', breaksOff(size))).rejects.toThrow('the source ended')
      const stop = new AbortController()
      const stopped = store.put(
        'a',
        random(size, undefined, () => stop.abort(new Error('stopped'))),
        {
          signal: stop.signal,
        },
      )
      await expect(stopped).rejects.toThrow('stopped')
    }
    expect(await store.list()).toEqual([])
    await store.put('a', pieces('whole'))
    expect(await text(store, 'a')).toBe('whole')
  })
})

describe.skipIf(reason !== undefined)('a directory', () => {
  test('whose disk fills up in the middle of a backup has none of it, and what was there stays', async () => {
    const disk = path.join(folder, 'disk')
    await mkdir(disk, { mode: 0o700 })
    await tool(['mount', '-t', 'tmpfs', '-o', 'size=80m,mode=700', 'tmpfs', disk])
    try {
      using store = await openStore({ kind: 'directory', path: disk }, context)
      await store.put('earlier', random(5))
      await expect(store.put('large', random(100 * MIB))).rejects.toMatchObject({
        code: 'store',
        message: expect.stringMatching(/writing to .*disk failed: ENOSPC/),
        hint: expect.stringContaining('--store'),
      })
      expect(await readdir(disk)).toEqual(['earlier'])
      await store.put('small', random(5))
    } finally {
      await tool(['umount', disk])
    }
  })
})

describe.skipIf(reason !== undefined)('a bucket', () => {
  test('keeps no parts of what was not finished', async () => {
    using store = await bucketStore('plain', { prefix: 'parts' })
    await expect(store.put('a', breaksOff(40 * MIB))).rejects.toThrow('the source ended')
    const stop = new AbortController()
    const body = random(40 * MIB, undefined, () => stop.abort(new Error('stopped')))
    await expect(store.put('a', body, { signal: stop.signal })).rejects.toThrow('stopped')
    const { Uploads } = await server.client.send(new ListMultipartUploadsCommand({ Bucket: 'plain' }))
    expect(Uploads ?? []).toEqual([])
  })

  test('is listed to its end, and nothing but the prefix', async () => {
    const names = Array.from({ length: 103 }, (_, index) => `n${index}`)
    const rest = names.values()
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        for (const name of rest)
          await server.client.send(new PutObjectCommand({ Bucket: 'many', Key: `a/${name}`, Body: 'x' }))
      }),
    )
    for (const Key of ['ab', 'a/deeper/x'])
      await server.client.send(new PutObjectCommand({ Bucket: 'many', Key, Body: 'x' }))
    using store = await bucketStore('many', { prefix: 'a' })
    expect((await store.list()).map(({ name }) => name).toSorted()).toEqual(names.toSorted())
  })

  test('that keeps versions lets go of all of a removed backup', async () => {
    using store = await bucketStore('versions')
    await store.write('a.json', 'first')
    await store.write('a.json', 'second')
    await store.remove('a.json')
    const left = await server.client.send(new ListObjectVersionsCommand({ Bucket: 'versions' }))
    expect([...(left.Versions ?? []), ...(left.DeleteMarkers ?? [])]).toEqual([])
  })

  test('with object lock keeps a backup until its day, and says which', async () => {
    using store = await bucketStore('locked', { lockDays: 3 })
    const before = Date.now()
    await store.put('small', pieces('x'))
    await store.put('large', random(17 * MIB))
    await store.write('small.json', 'x')
    const files = await store.list()
    for (const name of ['small', 'large']) {
      const until = files.find((file) => file.name === name)?.lockedUntil
      expect(until?.getTime()).toBeGreaterThan(before + 2.9 * 86_400_000)
      await expect(store.remove(name)).rejects.toMatchObject({
        code: 'store',
        message: expect.stringContaining(until?.toISOString() ?? 'a day'),
      })
    }
    expect(files.find(({ name }) => name === 'small.json')?.lockedUntil).toBeUndefined()
    expect(await text(store, 'small')).toBe('x')
  })

  test('without object lock takes nothing that is to be locked, and says so before it is sent', async () => {
    using store = await bucketStore('plain', { lockDays: 3 })
    let taken = 0
    const counted = async function* () {
      taken += 1
      yield Buffer.from('x')
    }
    await expect(store.put('locked', counted())).rejects.toFail('store/no-object-lock')
    expect(taken).toBe(0)
  })

  test("that can't be used says what is wrong, and never the secret", async () => {
    const key = path.join(server.folder, 'open.yaml')
    await copyFile(server.location('plain').credentials ?? '', key)
    await chmod(key, 0o644)
    const wrong = { AWS_ACCESS_KEY_ID: 'QUORATETEST', AWS_SECRET_ACCESS_KEY: 'not-the-secret' }
    const refusals: readonly [Partial<S3Location>, ErrorTopic, NodeJS.ProcessEnv?][] = [
      [{ bucket: 'none' }, 'store/no-such-bucket'],
      [{ credentials: key }, 'permission/secret-is-not-private'],
      [{ credentials: undefined }, 'permission/no-access-key'],
      [{ credentials: undefined }, 'store/access-key-is-not-accepted', wrong],
      [
        { credentials: undefined },
        'store/access-key-is-not-accepted',
        { ...wrong, AWS_ACCESS_KEY_ID: 'NOBODY' },
      ],
      [{ ca: undefined }, 'store/certificate-is-not-trusted'],
      [{ endpoint: 'https://127.0.0.1:1' }, 'store/service-is-unreachable'],
    ]
    for (const [more, topic, environment = {}] of refusals) {
      const opened = openStore(server.location('plain', more), { ...context, environment })
      const error = await opened.catch((thrown: Error) => thrown)
      expect(error).toFail(topic)
      expect(`${(error as Error).message} ${JSON.stringify(error)}`).not.toMatch(
        /secret-of-tests|not-the-secret/,
      )
    }
  })

  test('whose network ends in the middle of a backup has none of it, and takes it later', async () => {
    await using way = await startWay(server.port, 20 * MIB)
    using store = await bucketStore('plain', { prefix: 'cut', endpoint: `https://127.0.0.1:${way.port}` })
    await expect(store.put('a', random(64 * MIB))).rejects.toMatchObject({ code: 'store' })
    way.heal()
    expect(await store.list()).toEqual([])
    await store.put('a', random(33 * MIB))
    expect((await store.list()).map(({ sizeBytes }) => sizeBytes)).toEqual([33 * MIB])
  })
})

interface Way extends AsyncDisposable {
  readonly port: number
  heal(): void
}

/** A connection to `port` that is cut after this many bytes, permanently until it is healed. */
async function startWay(port: number, bytes: number): Promise<Way> {
  let left = bytes
  const open = new Set<net.Socket>()
  const between = net.createServer((here) => {
    const there = net.connect(port, '127.0.0.1')
    for (const socket of [here, there]) {
      open.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        open.delete(socket)
        here.destroy()
        there.destroy()
      })
    }
    if (left <= 0) here.destroy()
    here.on('data', (data) => {
      left -= data.length
      if (left <= 0) for (const socket of open) socket.destroy()
    })
    here.pipe(there)
    there.pipe(here)
  })
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve))
  return {
    port: (between.address() as net.AddressInfo).port,
    heal: () => (left = Number.POSITIVE_INFINITY),
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => between.close(resolve))
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const one of texts) yield Buffer.from(one)
}

/** Bytes that neither compression nor repetition can hide; reports when the last ones are read. */
async function* random(
  size: number,
  hash?: ReturnType<typeof createHash>,
  atEnd: () => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  for (let given = 0; given < size; given += MIB) {
    const piece = Buffer.alloc(Math.min(MIB, size - given))
    for (let at = 0; at + 8 <= piece.length; at += 4096) piece.writeDoubleLE(given + at + 1, at)
    hash?.update(piece)
    if (given + MIB >= size) atEnd()
    yield piece
  }
}

async function* breaksOff(size: number): AsyncGenerator<Uint8Array> {
  yield* random(size)
  throw new Error('the source ended')
}

async function text(store: BackupStore, name: string): Promise<string> {
  const all: Uint8Array[] = []
  for await (const piece of await store.get(name)) all.push(piece)
  return Buffer.concat(all).toString()
}
