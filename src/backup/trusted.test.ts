/** Signed bundles: their signers, their content, and what an attacker with write access to the backup location can do. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { createZstdCompress, zstdDecompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import tar from 'tar-stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ErrorTopic } from '../error-ids.ts'
import { retired, revoked } from '../signing/allowed-signers.ts'
import { type TestSigner, testSigner } from '../signing/testing.ts'
import { MANIFEST, type Manifest, SIGNATURE, parseManifest, renderManifest } from './manifest.ts'
import { openBackup } from './open.ts'
import { ABOUT, bundleFixture } from './stored.fixture.ts'
import type { BundleTrust } from './trusted.ts'

const NAME = 'prod-20261122T120000.000Z-r41.bundle'

let folder: string
let operator: TestSigner
let stranger: TestSigner
let signed: Buffer
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-trusted-'))
  operator = await testSigner(folder, 'operator@prod')
  stranger = await testSigner(folder, 'operator@prod', 'stranger')
  signed = (await bundleFixture({ kind: 'plaintext' }, { signer: operator })).data
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

const allowing = (text: string): BundleTrust => ({ signers: { text, file: '/state/allowed_signers' } })

const secret = async () => await Promise.reject(new Error('nothing is encrypted'))

async function opened(data: Uint8Array, trust: BundleTrust, name = NAME) {
  return await openBackup({ name, data: Readable.from([data]) }, { ...trust, workDirectory: folder, secret })
}

async function refusal(data: Uint8Array, trust: BundleTrust, name = NAME): Promise<unknown> {
  const error: unknown = await opened(data, trust, name).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({ code: 'signature', exitCode: 11 })
  return error
}

type Entries = Map<string, Buffer>

async function unpacked(data: Buffer): Promise<Entries> {
  const entries: Entries = new Map()
  const archive = tar.extract()
  archive.end(zstdDecompressSync(data))
  for await (const entry of archive) entries.set(entry.header.name, await buffer(entry))
  return entries
}

async function packed(entries: Entries): Promise<Buffer> {
  const archive = tar.pack()
  for (const [name, data] of entries) archive.entry({ name }, data)
  archive.finalize()
  return await buffer(Readable.from(archive).pipe(createZstdCompress()))
}

/** The signed bundle with other entries. */
async function changed(change: (entries: Entries) => void): Promise<Buffer> {
  const entries = await unpacked(signed)
  change(entries)
  return await packed(entries)
}

test('a bundle of a listed signer opens, and names the signer', async () => {
  await using backup = await opened(signed, allowing(operator.line))
  expect(backup).toMatchObject({ about: ABOUT, signer: { principal: 'operator@prod', name: NAME } })
  expect(backup.signer?.fingerprint).toMatch(/^SHA256:/)
  // The operator chose this name: it can't take the place of another backup.
  await using renamed = await opened(signed, allowing(operator.line), 'mine.bundle')
  expect(renamed.signer?.name).toBe(NAME)
})

test('by hand: ssh-keygen and sha256sum alone find it in order', async () => {
  const home = await mkdtemp(path.join(folder, 'hand-'))
  // No standard input: writing to a program that ends without reading it sometimes fails.
  const sh = (script: string) =>
    execFileSync('sh', ['-euc', script], { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] }).toString()
  await writeFile(path.join(home, 'bundle'), signed)
  await writeFile(path.join(home, 'allowed_signers'), operator.line)
  sh('zstd -d <bundle | tar -x')
  const verify =
    'ssh-keygen -Y verify -f allowed_signers -I operator@prod -n quorate-backup -s SHA256SUMS.sig <SHA256SUMS'
  expect(sh(verify)).toMatch(/^Good "quorate-backup" signature for operator@prod/)
  expect(sh('sha256sum --check --strict SHA256SUMS')).toBe(
    'about.json: OK\ncluster.yaml: OK\npki/trust.crt: OK\nsnapshot.db: OK\nproof.json: OK\n',
  )
})

test("an attacker's bundle (unknown key, contents replaced, added or removed) is refused", async () => {
  const forged = (await bundleFixture({ kind: 'plaintext' }, { signer: stranger })).data
  expect(await refusal(forged, allowing(operator.line))).toFail('signature/unknown-key', {
    says: / SHA256:.* operator@prod /,
  })
  const other = Buffer.from('name: prod\netcd: { source: { release: { mirror: http://evil } } }\n')
  const cases: [(entries: Entries) => void, ErrorTopic, RegExp][] = [
    [
      (entries) => entries.set('cluster.yaml', other),
      'signature/changed-after-signing',
      /cluster\.yaml was changed/,
    ],
    [
      (entries) => entries.set('pki/trust.crt', other),
      'signature/changed-after-signing',
      /pki\/trust\.crt was changed/,
    ],
    [
      (entries) => entries.set('pki/ca-key.age', other),
      'signature/changed-after-signing',
      /"pki\/ca-key\.age" was added/,
    ],
    [
      (entries) => entries.set('\u001B[2J', other),
      'signature/changed-after-signing',
      /"\\u001b\[2J" was added/,
    ],
    [(entries) => entries.delete('proof.json'), 'signature/changed-after-signing', /proof\.json is missing/],
    [(entries) => entries.delete(SIGNATURE), 'signature/damaged-signature', new RegExp(SIGNATURE)],
    [(entries) => entries.delete(MANIFEST), 'signature/damaged-signature', new RegExp(MANIFEST)],
    [(entries) => entries.set(SIGNATURE, Buffer.from('x')), 'signature/another-signature', / operator@prod /],
    [
      (entries) => entries.set(SIGNATURE, Buffer.alloc(100_000, 'x')),
      'signature/another-signature',
      / operator@prod /,
    ],
    [
      (entries) =>
        entries.set(
          MANIFEST,
          edited(entries, (sums) => sums.set('cluster.yaml', sha256(other))),
        ),
      'signature/another-signature',
      / operator@prod /,
    ],
  ]
  for (const [change, topic, says] of cases) {
    expect(await refusal(await changed(change), allowing(operator.line))).toFail(topic, { says })
  }
  expect((await readdir(folder)).filter((name) => name.startsWith('.backup-'))).toEqual([])
})

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function edited(entries: Entries, edit: (sums: Map<string, string>) => void): Buffer {
  const manifest = parseManifest(entries.get(MANIFEST)?.toString() ?? '')
  if (manifest === undefined) throw new TypeError('no manifest')
  const sums = new Map(manifest.sums)
  edit(sums)
  return Buffer.from(renderManifest({ ...manifest, sums }))
}

test('an older bundle under a newer name, or one of another cluster, is refused', async () => {
  const newer = NAME.replace('T12', 'T13').replace('r41', 'r99')
  expect(await refusal(signed, allowing(operator.line), newer)).toFail('signature/name-of-another-backup')
  const others = await testSigner(folder, 'operator@dev')
  const list = allowing(operator.line + others.line)
  // Its key is in the list, but not for this cluster's backups.
  const own = { ...others, principal: 'operator@prod' }
  const { data } = await bundleFixture({ kind: 'plaintext' }, { signer: own })
  expect(await refusal(data, list)).toFail('signature/unknown-key', { says: ' operator@prod ' })
  // Signed with a wrong fact: the description inside is another cluster's.
  const about = { ...ABOUT, clusterId: 'ab' }
  const lying = await changed((entries) => {
    const json = Buffer.from(JSON.stringify(about))
    entries.set('about.json', json)
    const text = edited(entries, (sums) => sums.set('about.json', sha256(json)))
    entries.set(MANIFEST, text)
    entries.delete(SIGNATURE)
  })
  const entries = await unpacked(lying)
  entries.set(SIGNATURE, Buffer.from(await operator.sign(entries.get(MANIFEST)?.toString() ?? '')))
  expect(await refusal(await packed(entries), list)).toFail('signature/another-description-than-signed')
})

test('without a signature, or without a list: only where that is accepted', async () => {
  const stripped = await changed((entries) => {
    entries.delete(MANIFEST)
    entries.delete(SIGNATURE)
  })
  expect(await refusal(stripped, allowing(operator.line))).toFail('signature/unsigned')
  const nobody = { text: undefined, file: '/state/allowed_signers' }
  expect(await refusal(signed, { signers: nobody })).toFail('signature/no-allowed-signers', {
    says: '/state/allowed_signers',
    fix: '--signers FILE',
  })
  const asked: string[] = []
  const acceptUnsigned: BundleTrust['acceptUnsigned'] = async ({ why }) => void asked.push(why)
  await using backup = await opened(stripped, { ...allowing(operator.line), acceptUnsigned })
  expect(backup.signer).toBeUndefined()
  await using unchecked = await opened(signed, { signers: nobody, acceptUnsigned })
  expect(unchecked.signer).toBeUndefined()
  expect(asked).toEqual([
    expect.stringContaining('not signed'),
    expect.stringContaining('operator@prod signed it'),
  ])
  // A wrong signature is refused without asking.
  const forged = (await bundleFixture({ kind: 'plaintext' }, { signer: stranger })).data
  expect(await refusal(forged, { ...allowing(operator.line), acceptUnsigned })).toFail(
    'signature/unknown-key',
  )
  expect(asked).toHaveLength(2)
})

test('a replaced key counts for what it signed before, a revoked one for nothing', async () => {
  const before = retired(operator.line, 'operator@prod', new Date('2026-11-22T12:00:01Z'))
  await using backup = await opened(signed, allowing(before))
  expect(backup.signer).toBeDefined()
  const after = retired(operator.line, 'operator@prod', new Date('2026-11-22T11:59:59Z'))
  expect(await refusal(signed, allowing(after))).toFail('signature/expired-key', {
    says: '2026-11-22T11:59:59',
  })
  const gone = revoked(operator.line, 'operator@prod', new Date())
  expect(await refusal(signed, allowing(gone))).toFail('signature/revoked-key')
})

const HEX = fc.stringMatching(/^[0-9a-f]{64}$/)
const ENTRY = fc.constantFrom('about.json', 'cluster.yaml', 'pki/trust.crt', 'snapshot.db', 'proof.json')
const MANIFESTS: fc.Arbitrary<Manifest> = fc.record({
  name: fc.constantFrom(NAME, `${NAME}.age`),
  cluster: fc.constant('prod'),
  clusterId: fc.stringMatching(/^[0-9a-f]{1,16}$/),
  takenAt: fc.constant('2026-11-22T12:00:00.000Z'),
  revision: fc.stringMatching(/^\d{1,19}$/),
  signer: fc.constantFrom('operator@prod', 'node-service01@prod'),
  sums: fc.array(fc.tuple(ENTRY, HEX)).map((pairs) => new Map(pairs)),
})

test('a manifest is read as it was written, and nothing else is taken for it', () => {
  fc.assert(
    fc.property(MANIFESTS, (manifest) => {
      const text = renderManifest(manifest)
      expect(parseManifest(text)).toEqual(manifest)
    }),
  )
  fc.assert(
    fc.property(MANIFESTS, fc.nat(), fc.string({ unit: 'binary', maxLength: 8 }), (manifest, at, junk) => {
      const text = renderManifest(manifest)
      const place = at % text.length
      const mutated = text.slice(0, place) + junk + text.slice(place + junk.length)
      const found = parseManifest(mutated)
      // One text for one meaning: what is parsed is rendered in the same way again.
      expect(found === undefined ? mutated : renderManifest(found)).toBe(mutated)
    }),
    { numRuns: 1000 },
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 4000 }), (text) => {
      expect(parseManifest(text)).toBeUndefined()
    }),
  )
})

function inOneLine(data: Buffer): string {
  return data.toString('latin1').replaceAll('\n', '')
}

test('whatever becomes of a signed bundle, it is refused in words and leaves nothing', async () => {
  const entries = await unpacked(signed)
  const names = [...entries.keys()]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.oneof(
        fc.record({ at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }) }),
        fc.record({ cut: fc.nat() }),
        fc.record({ from: fc.constantFrom(...names) }),
      ),
      async (name, what) => {
        const own = entries.get(name) ?? Buffer.alloc(0)
        const data =
          'at' in what
            ? Buffer.concat([
                own.subarray(0, what.at % own.length),
                what.bytes,
                own.subarray(what.at % own.length),
              ])
            : 'cut' in what
              ? own.subarray(0, what.cut % own.length)
              : (entries.get(what.from) ?? own)
        // With other line breaks, a signature stays the same.
        if (data.equals(own) || (name === SIGNATURE && inOneLine(data) === inOneLine(own))) return
        const bad = await packed(new Map([...entries, [name, data]]))
        const error: unknown = await opened(bad, allowing(operator.line)).catch((thrown: unknown) => thrown)
        expect(['signature', 'backup']).toContain((error as { code?: string }).code)
      },
    ),
    { numRuns: 60 },
  )
  expect((await readdir(folder)).filter((name) => name.startsWith('.backup-'))).toEqual([])
})
