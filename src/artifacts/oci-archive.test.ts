import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { zstdDecompressSync } from 'node:zlib'
import tar from 'tar-stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Image, writeImage } from './oci-archive.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'oci-'))))
afterEach(async () => await rm(folder, { recursive: true, force: true }))

interface Entry {
  readonly header: tar.Header
  readonly content: Buffer
}

async function entriesOf(stream: Readable): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  const extract = tar.extract()
  stream.pipe(extract)
  for await (const entry of extract) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    entries.set(entry.header.name, { header: entry.header, content: Buffer.concat(chunks) })
  }
  return entries
}

const blob = (digest: string) => `blobs/${digest.replace(':', '/')}`
const sha256 = (content: Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`

async function image(): Promise<Image> {
  const program = path.join(folder, 'program')
  await writeFile(program, Buffer.alloc(300_000, 'x'))
  return {
    names: ['registry.test/a:v1', 'registry.test/b:v1'],
    arch: 'arm64',
    entrypoint: ['/usr/local/bin/a'],
    entries: [
      { kind: 'text', path: 'etc/passwd', text: 'root:x:0:0::/:/\n', mode: 0o644 },
      { kind: 'folder', path: 'tmp', mode: 0o1777 },
      { kind: 'file', path: 'usr/local/bin/kubernetes', from: program, mode: 0o755 },
      { kind: 'link', path: 'usr/local/bin/a', to: 'kubernetes', mode: 0o777 },
    ],
  }
}

interface Manifest {
  readonly config: { readonly digest: string }
  readonly layers: readonly { readonly digest: string; readonly size: number; readonly mediaType: string }[]
}

test('an OCI layout: every name leads to one manifest, each blob is what its digest says, the layer has the files', async () => {
  const target = path.join(folder, 'image.tar')
  await writeImage(await image(), target, AbortSignal.timeout(30_000))
  const outer = await entriesOf(createReadStream(target))
  const json = (name: string) => JSON.parse(outer.get(name)?.content.toString() ?? '') as unknown
  expect(json('oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' })
  const index = json('index.json') as { manifests: { digest: string; annotations: Record<string, string> }[] }
  for (const key of ['io.containerd.image.name', 'org.opencontainers.image.ref.name'])
    expect(index.manifests.map(({ annotations }) => annotations[key])).toEqual([
      'registry.test/a:v1',
      'registry.test/b:v1',
    ])
  expect(new Set(index.manifests.map(({ digest }) => digest)).size).toBe(1)
  const blobs = [...outer].filter(([name]) => name.startsWith('blobs/sha256/'))
  expect(blobs).toHaveLength(3)
  for (const [name, { content }] of blobs)
    expect(sha256(content)).toBe(name.replace('blobs/sha256/', 'sha256:'))

  const manifest = json(blob(index.manifests[0]?.digest ?? '')) as Manifest
  const [layer] = manifest.layers
  const packed = outer.get(blob(layer?.digest ?? ''))?.content ?? Buffer.alloc(0)
  expect(layer).toMatchObject({
    size: packed.length,
    mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
  })
  const plain = zstdDecompressSync(packed)
  expect(json(blob(manifest.config.digest))).toMatchObject({
    architecture: 'arm64',
    os: 'linux',
    config: { Entrypoint: ['/usr/local/bin/a'] },
    rootfs: { type: 'layers', diff_ids: [sha256(plain)] },
  })
  const files = await entriesOf(Readable.from([plain]))
  expect([...files.keys()]).toEqual([
    'etc',
    'etc/passwd',
    'tmp',
    'usr',
    'usr/local',
    'usr/local/bin',
    'usr/local/bin/kubernetes',
    'usr/local/bin/a',
  ])
  expect(files.get('usr/local/bin/kubernetes')).toMatchObject({
    header: { mode: 0o755, uid: 0, size: 300_000 },
  })
  expect(files.get('usr/local/bin/a')?.header).toMatchObject({ type: 'symlink', linkname: 'kubernetes' })
  expect(files.get('tmp')?.header).toMatchObject({ type: 'directory', mode: 0o1777 })
})

test('the same content gives the same bytes', async () => {
  const [one, other] = [path.join(folder, 'one.tar'), path.join(folder, 'other.tar')]
  await writeImage(await image(), one, AbortSignal.timeout(30_000))
  await new Promise((resolve) => setTimeout(resolve, 1100))
  await writeImage(await image(), other, AbortSignal.timeout(30_000))
  expect(sha256(await readFile(one))).toBe(sha256(await readFile(other)))
})

test('a file that is not there: an error, and nothing is left', async () => {
  const broken: Image = {
    ...(await image()),
    entries: [{ kind: 'file', path: 'a', from: path.join(folder, 'none'), mode: 0o755 }],
  }
  await expect(
    writeImage(broken, path.join(folder, 'image.tar'), AbortSignal.timeout(30_000)),
  ).rejects.toThrow(/none/)
  expect(await readdir(folder)).toEqual(['program'])
})

test('when canceled, nothing is left', async () => {
  const cancelled = writeImage(
    await image(),
    path.join(folder, 'image.tar'),
    AbortSignal.abort(new Error('enough')),
  )
  await expect(cancelled).rejects.toThrow()
  expect(await readdir(folder)).toEqual(['program'])
})
