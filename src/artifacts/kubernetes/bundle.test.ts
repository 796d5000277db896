import { createHash } from 'node:crypto'
import { cp, mkdir, readFile, readdir, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import * as fc from 'fast-check'
import tar from 'tar-stream'
import { expect, test } from 'vitest'
import { QuorateError } from '../../errors.ts'
import { imageNames } from '../../kubernetes/image-names.ts'
import type { KubernetesSpec } from '../../spec/kubernetes.ts'
import { sampleKubernetes } from '../../spec/sample-kubernetes.ts'
import { FOREIGN, fakeBinary, temporaryFolder, testContext } from '../test-support.ts'
import { MANIFEST_FILE, partsOf, pathOf } from './bundle-manifest.ts'
import { openBundle } from './bundle-read.ts'
import { manifestOf, writeBundle } from './bundle-write.ts'
import { type KubernetesArtifacts, obtainKubernetesArtifacts } from './supply.ts'

const signal = new AbortController().signal
const NAMES = imageNames(sampleKubernetes())
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')

/** Fake artifacts in a directory, as a build returns them. */
async function artifacts(): Promise<KubernetesArtifacts> {
  const folder = await temporaryFolder()
  const put = async (name: string, content: Buffer) => {
    await writeFile(path.join(folder, name), content)
    return { path: path.join(folder, name), sha256: sha256(content), sizeBytes: content.length }
  }
  const program = await put('kubernetes', fakeBinary(FOREIGN, 'x'.repeat(3000)))
  const image = await put('all.tar', Buffer.from('an image'))
  return {
    programs: [{ ...program, name: 'kubernetes', links: ['kubeadm', 'kubelet', 'kubectl'] }],
    images: [{ ...image, names: [...new Set(Object.values(NAMES))], roles: ['master', 'worker'] }],
  }
}

async function bundle(): Promise<string> {
  const file = path.join(await temporaryFolder(), 'bundle.tar')
  await writeBundle('1.37.2', { [FOREIGN]: await artifacts() }, file, signal)
  return file
}

/** A tar of these entries, as an attacker may make one. */
async function tarOf(all: readonly (readonly [Partial<tar.Header> & { name: string }, string | Buffer])[]) {
  const pack = tar.pack()
  for (const [header, content] of all) pack.entry(header, content)
  pack.finalize()
  const file = path.join(await temporaryFolder(), 'bundle.tar')
  await writeFile(file, await buffer(pack))
  return file
}

/** A manifest that is valid except for `change`, and its parts' content. */
async function entries(change: (manifest: Record<string, unknown>) => unknown = (same) => same) {
  const made = await artifacts()
  const manifest = change(
    structuredClone(manifestOf('1.37.2', { [FOREIGN]: made })) as Record<string, unknown>,
  )
  const parts = await Promise.all(
    [...made.programs, ...made.images].map(
      async (one) => [{ name: `${FOREIGN}/${path.basename(one.path)}` }, await readFile(one.path)] as const,
    ),
  )
  return [[{ name: MANIFEST_FILE }, JSON.stringify(manifest)] as const, ...parts]
}

async function verify(file: string): Promise<void> {
  await using opened = await openBundle(file)
  for (const part of partsOf(opened.manifest)) await opened.read(part, undefined, signal)
}

const without = (list: readonly { readonly path: string }[]) => list.map((one) => ({ ...one, path: '' }))
const folderSpec = (file: string, changes: Partial<KubernetesSpec> = {}, pin?: string) =>
  sampleKubernetes({ source: { kind: 'folder', path: file, sha256: pin }, ...changes })

test('what goes into a bundle comes out of it, packed or unpacked, and from the cache afterwards', async () => {
  const file = await bundle()
  const context = await testContext()
  const got = await obtainKubernetesArtifacts(folderSpec(file), FOREIGN, context)
  const { programs, images } = await artifacts()
  expect(without(got.programs)).toEqual(without(programs))
  expect(without(got.images)).toEqual(without(images))

  const folder = await temporaryFolder()
  await using opened = await openBundle(file)
  await mkdir(path.join(folder, FOREIGN))
  for (const part of partsOf(opened.manifest))
    await opened.read(part, path.join(folder, pathOf(part)), signal)
  await cp(await manifestFile(file), path.join(folder, MANIFEST_FILE))
  expect(await obtainKubernetesArtifacts(folderSpec(folder), FOREIGN, context)).toEqual(got)
  expect(await readdir(context.shelf)).toHaveLength(1)
})

/** The manifest of a bundle, as a file. */
async function manifestFile(file: string): Promise<string> {
  const target = path.join(await temporaryFolder(), MANIFEST_FILE)
  const content = await readFile(file)
  const size = Number.parseInt(content.toString('latin1', 124, 135), 8)
  await writeFile(target, content.subarray(512, 512 + size))
  return target
}

test('the same content gives the same bytes, and a file that is there is never replaced', async () => {
  const [one, two] = [await bundle(), await bundle()]
  expect(await readFile(one)).toEqual(await readFile(two))
  await expect(writeBundle('1.37.2', {}, one, signal)).rejects.toMatchObject({ code: 'state' })
  expect(await readdir(path.dirname(one))).toEqual(['bundle.tar'])
})

test('a pinned bundle is refused if it is another one, and inspected again when the pin changes', async () => {
  const file = await bundle()
  const context = await testContext()
  const right = sha256(await readFile(file))
  await obtainKubernetesArtifacts(folderSpec(file, {}, right), FOREIGN, context)
  const other = obtainKubernetesArtifacts(folderSpec(file, {}, 'a'.repeat(64)), FOREIGN, context)
  await expect(other).rejects.toFail('artifact/checksum-is-not-pinned', {
    says: new RegExp(`${right}, .* aaaa`),
  })
})

test.each([
  [{ version: '1.37.1' }, / Kubernetes 1\.37\.2, .* 1\.37\.1$/],
  [{ flannel: 'service' }, / flanneld for /],
  [{ imageRepository: 'mirror.example/k8s' }, / mirror\.example\/k8s\/kube-apiserver:v1\.37\.2/],
] as const)(
  'one that lacks what the cluster file wants (%o) is refused with what it lacks',
  async (changes, says) => {
    const context = await testContext()
    await expect(
      obtainKubernetesArtifacts(folderSpec(await bundle(), changes), FOREIGN, context),
    ).rejects.toFail('artifact/unfit-bundle', { says })
  },
)

test('one for another architecture says which it is for', async () => {
  const other = FOREIGN === 'arm64' ? 'amd64' : 'arm64'
  const got = obtainKubernetesArtifacts(folderSpec(await bundle()), other, await testContext())
  await expect(got).rejects.toFail('artifact/unfit-bundle', {
    fix: [` for ${FOREIGN};`, `--arch ${other} `],
  })
})

test('content that is not what the manifest says is refused, and nothing is kept', async () => {
  const file = await bundle()
  const content = await readFile(file)
  content[content.indexOf('an image')] = 0x41
  await writeFile(file, content)
  await expect(verify(file)).rejects.toFail('artifact/damaged-bundle', {
    says: /SHA-256 .*\w+\/all\.tar /,
  })
  const context = await testContext()
  await expect(obtainKubernetesArtifacts(folderSpec(file), FOREIGN, context)).rejects.toMatchObject({
    code: 'artifact',
  })
  expect(await readdir(context.shelf)).toEqual([])
})

test.each([0, 100, 600, 2000, 5000])('a bundle cut after %i bytes is refused', async (length) => {
  const file = await bundle()
  await truncate(file, length)
  await expect(verify(file)).rejects.toMatchObject({ code: 'artifact' })
})

type Manifest = Record<string, Record<string, unknown>[]>
test.each([
  ['a format of tomorrow', (one: object) => ({ ...one, format: 2 })],
  ['a field that nobody knows', (one: object) => ({ ...one, run: 'me' })],
  ['a program that is none of Kubernetes', (one: object) => renamed(one, 'programs', 'sudo')],
  ['a name that climbs', (one: object) => renamed(one, 'images', '../../etc/cron.d/x.tar')],
  ['a part twice', (one: object) => doubled(one)],
  ['a size without end', (one: object) => changed(one, 'images', { sizeBytes: 1e15 })],
  [
    'an image name with words for the terminal',
    (one: object) => changed(one, 'images', { names: ['\u001B[2Jx:1'] }),
  ],
])('a manifest with %s is refused', async (_, change) => {
  const error = await verify(await tarOf(await entries(change))).catch((caught: Error) => caught)
  expect(error).toMatchObject({ code: 'artifact' })
  // oxlint-disable-next-line no-control-regex -- it is what must not be there
  expect((error as Error).message).not.toMatch(/sudo|cron|\u001B/)
})

const changed = (manifest: object, list: string, fields: object) => {
  const all = manifest as Manifest
  return { ...all, [list]: all[list]?.map((one) => ({ ...one, ...fields })) }
}
const renamed = (manifest: object, list: string, name: string) => changed(manifest, list, { name })
const doubled = (manifest: object) => {
  const all = manifest as Manifest
  return { ...all, images: [...(all['images'] ?? []), ...(all['images'] ?? [])] }
}

test.each([
  ['a link', { name: `${FOREIGN}/all.tar`, type: 'symlink', linkname: '/etc/shadow' }],
  ['a hard link', { name: `${FOREIGN}/all.tar`, type: 'link', linkname: '/etc/shadow' }],
  ['a folder', { name: FOREIGN, type: 'directory' }],
  ['an absolute path', { name: '/etc/passwd' }],
  ['a path that climbs', { name: '../../etc/passwd' }],
  ['a device', { name: `${FOREIGN}/null`, type: 'character-device' }],
  ['a name too long for a plain header', { name: `${FOREIGN}/${'x'.repeat(200)}` }],
  ['a file that is not in the manifest', { name: `${FOREIGN}/more` }],
  ['a file twice', { name: `${FOREIGN}/all.tar` }],
] as const)('a tar with %s is refused', async (_, header) => {
  const file = await tarOf([...(await entries()), [header, '']])
  await expect(verify(file)).rejects.toMatchObject({ code: 'artifact' })
})

test('a tar without one of its parts, or without a manifest in front, is refused', async () => {
  const [manifest, program, image] = await entries()
  if (manifest === undefined || program === undefined || image === undefined)
    throw new TypeError('no entries')
  await verify(await tarOf([manifest, program, image]))
  await expect(verify(await tarOf([manifest, program]))).rejects.toFail('artifact/damaged-bundle', {
    says: `: ${image[0].name} `,
  })
  await expect(verify(await tarOf([program, manifest, image]))).rejects.toFail('artifact/damaged-bundle', {
    says: MANIFEST_FILE,
  })
})

test('no link of an unpacked bundle is followed', async () => {
  const folder = await temporaryFolder()
  await cp(await manifestFile(await bundle()), path.join(folder, MANIFEST_FILE))
  const { programs, images } = await artifacts()
  await mkdir(path.join(folder, FOREIGN))
  for (const one of [...programs, ...images])
    await cp(one.path, path.join(folder, FOREIGN, path.basename(one.path)))
  await verify(folder)
  const part = path.join(folder, FOREIGN, 'all.tar')
  await unlink(part)
  await expect(verify(folder)).rejects.toFail('artifact/damaged-bundle', {
    says: `${FOREIGN}/all.tar `,
  })
  await symlink(images[0]?.path ?? '', part)
  await expect(verify(folder)).rejects.toFail('artifact/damaged-bundle', {
    says: /\/all\.tar .*\(ELOOP\)/,
  })
})

test('a file that is not a bundle is reported as that', async () => {
  const folder = await temporaryFolder()
  await expect(verify(path.join(folder, 'none'))).rejects.toFail('artifact/source-is-unreadable', {
    says: '/none ',
  })
  await expect(verify(folder)).rejects.toFail('artifact/damaged-bundle', { says: MANIFEST_FILE })
  await writeFile(path.join(folder, 'text'), 'x'.repeat(4096))
  await expect(verify(path.join(folder, 'text'))).rejects.toFail('artifact/damaged-bundle', {
    says: '/text ',
  })
})

test('whatever bytes of a bundle are others, it is read as it was made, or refused', async () => {
  const file = await bundle()
  const sound = await readFile(file)
  const places = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(places, async (changes) => {
      const content = Buffer.from(sound)
      for (const [at, byte] of changes) content[at] = byte
      await writeFile(file, content)
      const outcome = await verify(file).then(
        () => 'sound',
        (error: unknown) => (error instanceof QuorateError ? error.code : error),
      )
      // No reader uses these: owners, dates, and the padding between files.
      expect(['sound', 'artifact']).toContain(outcome)
    }),
    { numRuns: 150 },
  )
})
