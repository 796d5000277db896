import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { RUNTIME_PROGRAMS, runtimeParts } from '../../kubernetes/runtime-parts.ts'
import type { ContainerdSource, ContainerdSpec } from '../../spec/containerd.ts'
import type { Architecture } from '../artifact.ts'
import { ownArchitecture } from '../artifact.ts'
import { FOREIGN, archiveOf, fakeBinary, serve, temporaryFolder, testContext } from '../test-support.ts'
import { obtainContainerd } from './obtain.ts'
import { publishedAs } from './published.ts'

const VERSIONS = { version: '2.3.7', runc: '1.5.3', cni: '1.9.1', crictl: '1.37.0' }
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex')
const specOf = (source: ContainerdSource): ContainerdSpec => ({ ...VERSIONS, source })

/** Everything that the four projects publish for this processor, by path on their sites. */
async function published(arch: Architecture = FOREIGN): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {}
  for (const part of runtimeParts(specOf({ kind: 'folder', path: '/' }))) {
    const { path: folder, file, checksums, directory } = publishedAs(part, arch)
    const program = (name: string) => fakeBinary(arch, `${name} ${part.version}`)
    const names: readonly string[] = RUNTIME_PROGRAMS[part.product]
    const content =
      directory === undefined
        ? program('runc')
        : await archiveOf({
            [`${directory}README.md`]: Buffer.from('read me'),
            ...Object.fromEntries(names.map((name) => [`${directory}${name}`, program(name)])),
          })
    files[`/${folder}/${file}`] = content
    // Like runc's: clear-signed, with the checksums of other files too.
    files[`/${folder}/${checksums}`] = Buffer.from(
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${'0'.repeat(64)}  other\n${sha256(content)}  ${file}\n-----BEGIN PGP SIGNATURE-----\n`,
    )
  }
  return files
}

async function site(files: Readonly<Record<string, Buffer>>) {
  const asked: string[] = []
  const base = await serve((request, response) => {
    const url = request.url ?? ''
    asked.push(url)
    const answer = files[url]
    if (answer === undefined) response.writeHead(404)
    response.end(answer)
  })
  return { asked, spec: specOf({ kind: 'release', base, proxy: undefined }) }
}

/** The same files in one directory, by their names. */
async function directoryWith(files: Readonly<Record<string, Buffer>>) {
  const place = await temporaryFolder()
  for (const [name, content] of Object.entries(files))
    await writeFile(path.join(place, path.posix.basename(name)), content)
  return { place, spec: specOf({ kind: 'folder', path: place }) }
}

const ALL = Object.values(RUNTIME_PROGRAMS).flat()

test('a site that is unreachable: the other sources are named', async () => {
  const spec = specOf({ kind: 'release', base: 'http://127.0.0.1:1', proxy: undefined })
  await expect(obtainContainerd(spec, FOREIGN, await testContext())).rejects.toFail(
    'artifact/server-is-unreachable',
    { fix: ['`kubernetes.containerd.source`', '`distribution`', 'release.mirror`', 'source.folder`'] },
  )
})

test('what the projects publish is found by the names that they give it', () => {
  const urls = runtimeParts(specOf({ kind: 'folder', path: '/' })).flatMap((part) => {
    const { path: at, file, checksums } = publishedAs(part, 'amd64')
    return [`${at}/${file}`, checksums]
  })
  expect(urls).toEqual([
    'containerd/containerd/releases/download/v2.3.7/containerd-2.3.7-linux-amd64.tar.gz',
    'containerd-2.3.7-linux-amd64.tar.gz.sha256sum',
    'opencontainers/runc/releases/download/v1.5.3/runc.amd64',
    'runc.sha256sum',
    'containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz',
    'cni-plugins-linux-amd64-v1.9.1.tgz.sha256',
    'kubernetes-sigs/cri-tools/releases/download/v1.37.0/crictl-v1.37.0-linux-amd64.tar.gz',
    'crictl-v1.37.0-linux-amd64.tar.gz.sha256',
  ])
})

test('each release is downloaded and checked once, and only its programs are kept', async () => {
  const { asked, spec } = await site(await published())
  const context = await testContext()
  const programs = await obtainContainerd(spec, FOREIGN, context)
  expect(programs.map(({ name }) => name)).toEqual(ALL)
  for (const { path: file, name, sha256: sum } of programs) {
    const content = await readFile(file)
    expect(content.toString('latin1')).toContain(name)
    expect(sum).toBe(sha256(content))
    expect(await readdir(path.dirname(file))).not.toContain('published')
  }
  expect(asked).toHaveLength(8)
  expect(await obtainContainerd(spec, FOREIGN, context)).toEqual(programs)
  expect(asked).toHaveLength(8)
})

test('without crictl none is asked for', async () => {
  const { asked, spec } = await site(await published())
  const programs = await obtainContainerd({ ...spec, crictl: undefined }, FOREIGN, await testContext())
  expect(programs.map(({ name }) => name)).not.toContain('crictl')
  expect(asked).toHaveLength(6)
})

test('a directory with the files is as good, and nothing is asked of a network', async () => {
  const { spec } = await directoryWith(await published())
  const programs = await obtainContainerd(spec, FOREIGN, await testContext({ environment: {} }))
  expect(programs.map(({ name }) => name)).toEqual(ALL)
})

const RUNC = `/opencontainers/runc/releases/download/v1.5.3/runc.${FOREIGN}`
const CONTAINERD = `/containerd/containerd/releases/download/v2.3.7/containerd-2.3.7-linux-${FOREIGN}.tar.gz`
const CNI = `/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-${FOREIGN}-v1.9.1.tgz`
const withSum = (file: string, checksums: string, content: Buffer) => ({
  [file]: content,
  [checksums]: Buffer.from(`${sha256(content)}  ${path.posix.basename(file)}\n`),
})

test.each([
  [
    'a file that differs from its checksum',
    { [RUNC]: fakeBinary(FOREIGN, 'evil') },
    'artifact/checksum-is-not-published',
    /runc\.\w+ /,
  ],
  [
    'a list without the file',
    { [RUNC.replace(/runc\.\w+$/, 'runc.sha256sum')]: Buffer.from(`${'0'.repeat(64)}  runc.riscv64\n`) },
    'artifact/no-published-checksum',
    / runc\.\w+$/,
  ],
  [
    'an archive without a program',
    withSum(CNI, `${CNI}.sha256`, await archiveOf({ bridge: fakeBinary(FOREIGN, 'bridge') })),
    'artifact/program-is-missing',
    / bandwidth, firewall/,
  ],
  [
    'a truncated archive',
    withSum(
      CONTAINERD,
      `${CONTAINERD}.sha256sum`,
      (await archiveOf({ 'bin/containerd': fakeBinary(FOREIGN, 'x'.repeat(9000)) })).subarray(0, 60),
    ),
    'artifact/damaged-archive',
    /containerd-/,
  ],
  [
    'a link in place of a program',
    withSum(CONTAINERD, `${CONTAINERD}.sha256sum`, await archiveOf({ 'bin/ctr': { symlink: '/bin/sh' } })),
    'artifact/damaged-archive',
    /'bin\/ctr'/,
  ],
  [
    'a script',
    withSum(RUNC, RUNC.replace(/runc\.\w+$/, 'runc.sha256sum'), Buffer.from('#!/bin/sh\n')),
    'artifact/not-a-linux-program',
    /^runc from /,
  ],
  [
    'a version that is not there',
    { [`${CONTAINERD}.sha256sum`]: undefined },
    'artifact/not-released',
    ` containerd 2.3.7 for ${FOREIGN}`,
  ],
] as const)('%s is refused, and nothing of it is kept', async (_what, changes, topic, says) => {
  const files = { ...(await published()), ...changes } as Record<string, Buffer>
  const { spec } = await site(files)
  const context = await testContext()
  await expect(obtainContainerd(spec, FOREIGN, context)).rejects.toFail(topic, { says })
  const kept = await readdir(context.shelf)
  expect(kept.filter((name) => name.startsWith('.') || name.includes('cni'))).toEqual([])
})

test('a directory that lacks a file, or has a named pipe in its place, is refused with the names', async () => {
  const { place, spec } = await directoryWith(await published())
  await rm(path.join(place, 'runc.sha256sum'))
  await expect(obtainContainerd(spec, FOREIGN, await testContext())).rejects.toFail(
    'artifact/source-is-unreadable',
    {
      says: 'runc.sha256sum',
      fix: [` runc.${FOREIGN} `, ' runc.sha256sum ', place],
    },
  )
  await mkdir(path.join(place, 'runc.sha256sum'))
  await expect(obtainContainerd(spec, FOREIGN, await testContext())).rejects.toMatchObject({
    code: 'artifact',
  })
})

/**
 * A program of the workstation in runc's place: fake ones must not be started, because a shell would run them as a
 * script.
 */
async function withRunc(program: string) {
  const own = ownArchitecture() ?? 'amd64'
  const content = await readFile(program)
  const list = RUNC.replace(/runc\.\w+$/, 'runc.sha256sum')
  const runc = withSum(RUNC.replace(/\w+$/, own), list, content)
  const { spec } = await site({ ...(await published(own)), ...runc })
  const context = await testContext()
  return { context, obtained: obtainContainerd(spec, own, context) }
}

test("a runc of another version is refused; one that can't run is accepted, with a note", async () => {
  const { obtained } = await withRunc('/bin/true')
  await expect(obtained).rejects.toFail('artifact/another-version-is-printed', {
    says: / runc unknown, .* 1\.5\.3$/,
  })
  const { obtained: other, context } = await withRunc('/bin/false')
  expect((await other).map(({ name }) => name)).toEqual(ALL)
  expect(context.events).toContainEqual({ kind: 'artifact', text: expect.stringMatching(/^\S+runc\.\w+ /) })
})
