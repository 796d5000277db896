import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { QuorateError } from '../errors.ts'
import { openBare } from './bare.ts'
import { type About, type Proof, aboutSchema } from './bundle.ts'
import { bundleName, parseBundleName } from './names.ts'
import { openBackup } from './open.ts'
import { type Sealing, type Secret, unseal } from './sealing.ts'
import { SnapshotSummer } from './snapshot-sum.ts'
import { type BundleParts, writeBundle } from './write.ts'

const IDENTITY = 'AGE-SECRET-KEY-1L2CQGJL67C0K9ZK4AZ6046HT8MSAKDPL8Y2RXKZ4MJTDNPJLV0KQ5PSFTV'
const RECIPIENT = 'age1r6n0zrcg9nxpmr03rthlpgsh4ltq20a9rr0fekemr94xm8sny3lsqd3nf7'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-bundle-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

/** Three pages that start like bbolt's, and etcd's checksum. */
const STORE = Buffer.concat([Buffer.alloc(16), Buffer.from('edda0ced', 'hex'), randomBytes(1536 - 20)])
const SUM = createHash('sha256').update(STORE).digest()
const MIB = 1024 ** 2
const SNAPSHOT = Buffer.concat([STORE, SUM])

const ABOUT: About = {
  format: 1,
  cluster: 'prod',
  clusterId: 'cdf818194e3a8c32',
  takenAt: '2026-11-22T12:00:00.000Z',
  member: 'etcd02',
  etcdVersion: '3.5.16',
  nodes: [{ name: 'etcd02', address: '198.18.9.2' }],
  readRevision: '41',
}
const PROOF: Proof = {
  sha256: SUM.toString('hex'),
  sizeBytes: SNAPSHOT.length,
  status: { hash: '123', revision: '42', totalKey: '7', totalSize: '1536' },
  keys: '5',
  hashKv: { revision: '42', compactRevision: '-1', hash: '99' },
}

async function* pieces(...data: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* data
}

async function* goesAway(): AsyncGenerator<Uint8Array> {
  yield STORE
  throw new QuorateError('etcd', 'the member went away')
}

/** Accepts bundles without a signature; src/backup/trusted.test.ts covers the others. */
const UNSIGNED = {
  signers: { text: undefined, file: 'allowed_signers' },
  acceptUnsigned: async () => undefined,
}

const fileSha256 = () => sha256(SNAPSHOT)
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

async function bundle(sealing: Sealing, other: Partial<BundleParts> = {}): Promise<Buffer> {
  const data = await writeBundle(
    {
      name: 'prod-20261122T120000.000Z-r41.bundle',
      about: ABOUT,
      clusterFile: 'name: prod\n',
      trustPem: 'CERTIFICATE',
      caKeySealed: Buffer.from('sealed'),
      kubernetesKeysSealed: Buffer.from('sealed too'),
      snapshot: { sizeBytes: SNAPSHOT.length, pieces: pieces(STORE, SUM), fileSha256 },
      prove: async () => PROOF,
      signer: undefined,
      ...other,
    },
    sealing,
  )
  const all: Uint8Array[] = []
  for await (const piece of data) all.push(piece)
  return Buffer.concat(all)
}

async function opened(data: Uint8Array, secret?: Secret) {
  return await openBackup(
    { name: 'b', data: pieces(data.subarray(0, 100), data.subarray(100)) },
    {
      ...UNSIGNED,
      workDirectory: folder,
      secret: async () => {
        if (secret === undefined) throw new Error('nobody is asked where nothing is encrypted')
        return secret
      },
    },
  )
}

const KEYS: Sealing = { kind: 'recipients', recipients: [RECIPIENT] }
const MINE: Secret = { kind: 'identities', identities: [IDENTITY] }

test.each<[string, Sealing, Secret | undefined]>([
  ['for a public key', KEYS, MINE],
  [
    'with a passphrase',
    { kind: 'passphrase', passphrase: 'x y z' },
    { kind: 'passphrase', passphrase: 'x y z' },
  ],
  ['in the open', { kind: 'plaintext' }, undefined],
])('%s: what went in comes out, privately, and leaves nothing', async (_how, sealing, secret) => {
  const data = await bundle(sealing)
  expect(data.includes(STORE.subarray(0, 300))).toBe(false)
  expect(data.subarray(0, 3).toString('latin1') === 'age').toBe(sealing.kind !== 'plaintext')
  {
    await using backup = await opened(data, secret)
    expect(backup).toMatchObject({
      about: ABOUT,
      proof: PROOF,
      clusterFile: 'name: prod\n',
      trustPem: 'CERTIFICATE',
      sizeBytes: SNAPSHOT.length,
    })
    expect(backup.caKeySealed?.toString()).toBe('sealed')
    expect(backup.kubernetesKeysSealed?.toString()).toBe('sealed too')
    expect(await readFile(backup.snapshotFile)).toEqual(SNAPSHOT)
    expect((await stat(backup.snapshotFile)).mode & 0o777).toBe(0o600)
    expect((await stat(path.dirname(backup.snapshotFile))).mode & 0o777).toBe(0o700)
  }
  expect(await readdir(folder)).toEqual([])
})

test.each([KEYS, { kind: 'plaintext' } as const])(
  'a large snapshot is whole though its pieces share their memory ($kind)',
  async (sealing) => {
    const head = Buffer.concat([Buffer.alloc(16), Buffer.from('edda0ced', 'hex')])
    const store = Buffer.concat([head, randomBytes(9 * MIB - head.length + 512)])
    const sum = createHash('sha256').update(store).digest()
    const whole = Buffer.concat([store, sum])
    const shared = Buffer.alloc(MIB)
    async function* inOneMemory(): AsyncGenerator<Uint8Array> {
      for (let from = 0; from < whole.length; from += MIB) {
        yield shared.subarray(0, whole.copy(shared, 0, from, from + MIB))
        shared.fill(0)
      }
    }
    const proof = { ...PROOF, sha256: sum.toString('hex'), sizeBytes: whole.length }
    const snapshot = { sizeBytes: whole.length, pieces: inOneMemory(), fileSha256: () => sha256(whole) }
    const data = await bundle(sealing, { snapshot, prove: async () => proof })
    await using backup = await opened(data, sealing === KEYS ? MINE : undefined)
    expect((await readFile(backup.snapshotFile)).equals(whole)).toBe(true)
  },
)

test('a bare snapshot, as etcdctl saves it, is taken as well', async () => {
  await using backup = await opened(SNAPSHOT)
  expect(backup).toMatchObject({ about: undefined, proof: undefined, sha256: SUM.toString('hex') })
})

test('one that lies in a file is used there: not copied, not removed; and compared all the same', async () => {
  const [file, { signal }] = [path.join(folder, 'mine.db'), new AbortController()]
  await writeFile(file, SNAPSHOT)
  {
    await using backup = await openBare(file, signal)
    const found = { snapshotFile: file, sizeBytes: SNAPSHOT.length, sha256: SUM.toString('hex') }
    expect(backup).toMatchObject(found)
    await backup?.compared
    expect(await readdir(folder)).toEqual(['mine.db'])
  }
  expect(await readFile(file)).toEqual(SNAPSHOT)
  const longer = Buffer.concat([STORE, randomBytes(700_000)])
  await writeFile(file, Buffer.concat([longer, createHash('sha256').update(longer).digest()]))
  await using larger = await openBare(file, signal)
  expect(larger).toMatchObject({ sizeBytes: longer.length + 32 })
  await larger?.compared
  for (const damage of [SNAPSHOT.subarray(0, -1), longer, SNAPSHOT.subarray(0, 20)]) {
    await writeFile(file, damage)
    await using backup = await openBare(file, signal)
    await expect(backup?.compared).rejects.toMatchObject({ code: 'backup' })
  }
  await writeFile(file, await bundle(KEYS))
  expect(await openBare(file, signal)).toBeUndefined()
})

test.each([1, 20, 32, 33, 1000, SNAPSHOT.length - 1])(
  'a checksum that arrives in pieces of %i bytes',
  (size) => {
    const sum = new SnapshotSummer()
    for (let from = 0; from < SNAPSHOT.length; from += size) sum.update(SNAPSHOT.subarray(from, from + size))
    const sums = { sha256: SUM.toString('hex'), fileSha256: fileSha256() }
    expect(sum.finish('b')).toEqual({ sizeBytes: SNAPSHOT.length, ...sums })
  },
)

test('another secret opens nothing, and no message has it', async () => {
  const other = 'AGE-SECRET-KEY-1DFJS3S276NVFA3KP2LR4HZ3XZDZ38SSVRKPXG26AH8AZES0MN4VQDY67GF'
  const refusals = [
    [await bundle(KEYS), { kind: 'identities', identities: [other] }],
    [
      await bundle({ kind: 'passphrase', passphrase: 'right' }),
      { kind: 'passphrase', passphrase: 'wrong one' },
    ],
    [await bundle(KEYS), { kind: 'identities', identities: ['AGE-SECRET-KEY-1NONSENSE'] }],
  ] as const
  for (const [data, secret] of refusals) {
    const error = await opened(data, secret).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(QuorateError)
    expect(error).toMatchObject({ code: 'backup' })
    expect(JSON.stringify(error)).not.toMatch(/NONSENSE|wrong one|1DFJS3/)
  }
  expect(await readdir(folder)).toEqual([])
})

/** A flipped bit, and a truncation, at forty positions each. */
function* harmed(data: Buffer): Generator<Buffer> {
  for (let index = 0; index < 40; index++) {
    const place = Math.floor((data.length / 40) * index)
    const flipped = Buffer.from(data)
    flipped[place] = (flipped[place] ?? 0) ^ 4
    yield flipped
    yield data.subarray(0, place)
  }
}

test('encrypted, and cut off or a bit flipped anywhere: refused', async () => {
  for (const bad of harmed(await bundle(KEYS)))
    await expect(opened(bad, MINE)).rejects.toMatchObject({ code: 'backup' })
  expect(await readdir(folder)).toEqual([])
})

test('in the open, and cut off or a bit flipped anywhere: refused, or nothing of it has changed', async () => {
  const ends: unknown[] = []
  for (const bad of harmed(await bundle({ kind: 'plaintext' }))) {
    try {
      await using backup = await opened(bad)
      ends.push({ about: backup.about, proof: backup.proof, sha256: backup.sha256 })
    } catch (error) {
      ends.push((error as QuorateError).code)
    }
  }
  // zstd has bits without a meaning.
  const whole = ends.filter((end) => end !== 'backup')
  expect(whole.length).toBeLessThan(10)
  for (const end of whole) expect(end).toEqual({ about: ABOUT, proof: PROOF, sha256: PROOF.sha256 })
  expect(await readdir(folder)).toEqual([])
})

test('a snapshot that is cut off or changed is refused', async () => {
  const changed = Buffer.from(SNAPSHOT)
  changed[700] = (changed[700] ?? 0) ^ 1
  for (const bad of [changed, SNAPSHOT.subarray(0, 1024), STORE])
    await expect(opened(bad)).rejects.toFail('backup/snapshot-is-damaged')
  await expect(opened(Buffer.from('SQLite format 3'))).rejects.toFail('backup/not-a-backup')
  await expect(opened(Buffer.alloc(0))).rejects.toFail('backup/not-a-backup')
})

test('a failure while the bundle is created fails its reader: the source, the size, the proof', async () => {
  await expect(
    bundle(KEYS, { snapshot: { sizeBytes: SNAPSHOT.length, pieces: goesAway(), fileSha256 } }),
  ).rejects.toThrow(/went away/)
  await expect(
    bundle(KEYS, { snapshot: { sizeBytes: SNAPSHOT.length + 1, pieces: pieces(SNAPSHOT), fileSha256 } }),
  ).rejects.toThrow(/size/i)
  await expect(
    bundle(KEYS, {
      prove: async () => {
        throw new QuorateError('unhealthy', 'not proven')
      },
    }),
  ).rejects.toThrow(/not proven/)
})

test('a proof of another snapshot is noticed', async () => {
  const data = await bundle({ kind: 'plaintext' }, { prove: async () => ({ ...PROOF, sha256: 'ab' }) })
  await expect(opened(data)).rejects.toFail('backup/snapshot-is-another-one')
})

test("names contain the cluster, the time and the revision; those of other files don't", () => {
  const name = bundleName('prod-b', new Date('2026-11-22T12:00:00.512Z'), 9_007_199_254_740_993n, true)
  expect(name).toBe('prod-b-20261122T120000.512Z-r9007199254740993.bundle.age')
  expect(parseBundleName(name)).toEqual({
    name,
    cluster: 'prod-b',
    takenAt: new Date('2026-11-22T12:00:00.512Z'),
    revision: 9_007_199_254_740_993n,
    encrypted: true,
  })
  const withoutMs = parseBundleName('prod-b-20261122T120000Z-r1.bundle')
  expect(withoutMs).toMatchObject({ takenAt: new Date('2026-11-22T12:00:00Z'), encrypted: false })
  for (const other of [`${name}.json`, `.${name}`, 'prod-b-20261322T120000Z-r1.bundle', 'x.db'])
    expect(parseBundleName(other)).toBeUndefined()
})

test('the key of the CA is sealed by itself', async () => {
  const { seal } = await import('./sealing.ts')
  const inner: Uint8Array[] = []
  for await (const piece of await seal(KEYS, pieces(Buffer.from('PEM')))) inner.push(piece)
  const again: Uint8Array[] = []
  for await (const piece of await unseal(MINE, pieces(Buffer.concat(inner)), 'it')) again.push(piece)
  expect(Buffer.concat(again).toString()).toBe('PEM')
})

test('a version that would lead out of a cache is none', () => {
  expect(aboutSchema.safeParse(ABOUT).success).toBe(true)
  for (const etcdVersion of ['../../bucket/x', '3.5.16/../x', '3.5', '']) {
    expect(aboutSchema.safeParse({ ...ABOUT, etcdVersion }).success).toBe(false)
  }
})

test('an encryption header that never ends is not kept in memory', async () => {
  let read = 0
  async function* endless() {
    yield Buffer.from('age-encryption.org/v1\n')
    for (; read < 64; read += 1) yield Buffer.from('-> X a\n\n'.repeat(1 << 14))
  }
  await expect(unseal(MINE, endless(), 'the backup b')).rejects.toMatchObject({ code: 'backup' })
  expect(read).toBeLessThan(16)
})
