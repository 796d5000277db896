import { createHash } from 'node:crypto'
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { obtainEtcd } from './obtain.ts'
import {
  archiveOf,
  fakeBinary,
  fileSource,
  FOREIGN,
  releaseArchive,
  temporaryFolder,
  testContext,
} from './test-support.ts'

const VERSION = '3.5.16'
const OWN = FOREIGN === 'arm64' ? 'amd64' : 'arm64'

const obtain = async (location: string, sha256?: string) =>
  await obtainEtcd({ version: VERSION, source: fileSource(location, sha256) }, FOREIGN, await testContext())

async function written(name: string, content: Buffer): Promise<string> {
  const file = path.join(await temporaryFolder(), name)
  await writeFile(file, content)
  return file
}

async function folderWith(files: Readonly<Record<string, Buffer>>): Promise<string> {
  const folder = await temporaryFolder()
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content)
  return folder
}

test('a directory provides its programs, etcdutl only if it has one', async () => {
  const folder = await folderWith({ etcd: fakeBinary(FOREIGN, 'e'), etcdctl: fakeBinary(FOREIGN, 'c') })
  const artifact = await obtain(folder)
  expect(artifact.files.map((file) => file.name)).toEqual(['etcd', 'etcdctl'])
  expect(artifact.origin).toBe(folder)
})

test('a release archive is unpacked, its checksum compared if given', async () => {
  const archive = await releaseArchive(VERSION)
  const file = await written('etcd.tar.gz', archive)
  const sha256 = createHash('sha256').update(archive).digest('hex')
  const artifact = await obtain(file, sha256.toUpperCase())
  expect(artifact.files).toHaveLength(3)
  await expect(obtain(file, '0'.repeat(64))).rejects.toFail('artifact/checksum-is-not-pinned', {
    says: [file, sha256],
  })
})

test('binaries for another processor are refused by name', async () => {
  const folder = await folderWith({ etcd: fakeBinary(FOREIGN, ''), etcdctl: fakeBinary(OWN, '') })
  await expect(obtain(folder)).rejects.toFail('artifact/another-architecture', {
    says: new RegExp(`^etcdctl from ${folder} .*${OWN}, .*${FOREIGN}`),
  })
})

test('a script in place of a program is refused', async () => {
  const folder = await folderWith({ etcd: Buffer.from('#!/bin/sh\n'), etcdctl: fakeBinary(FOREIGN, '') })
  await expect(obtain(folder)).rejects.toFail('artifact/not-a-linux-program', {
    says: /^etcd from /,
  })
})

test('a directory without etcdctl, and a missing path, are reported', async () => {
  const folder = await folderWith({ etcd: fakeBinary(FOREIGN, '') })
  await expect(obtain(folder)).rejects.toFail('artifact/program-is-missing', { says: 'etcdctl' })
  await expect(obtain(path.join(folder, 'nowhere'))).rejects.toFail('artifact/source-is-unreadable', {
    says: 'nowhere',
  })
})

test('an archive that is cut short is refused, wherever the cut is', async () => {
  const archive = await releaseArchive(VERSION)
  for (const length of [20, Math.floor(archive.length / 2), archive.length - 4]) {
    const file = await written('etcd.tar.gz', archive.subarray(0, length))
    await expect(obtain(file), `${length} bytes`).rejects.toFail('artifact/damaged-archive', { says: file })
  }
})

test('paths in an archive lead nowhere outside', async () => {
  const archive = await archiveOf({
    '../etcd': fakeBinary(FOREIGN, 'outside'),
    '/etcdctl': fakeBinary(FOREIGN, 'root'),
    '../../evil': Buffer.from('evil'),
  })
  const file = await written('etcd.tar.gz', archive)
  const context = await testContext()
  const artifact = await obtainEtcd({ version: VERSION, source: fileSource(file) }, FOREIGN, context)
  for (const { path: location } of artifact.files) expect(location.startsWith(context.shelf)).toBe(true)
  expect((await readdir(context.cacheDirectory)).sort()).toEqual(['artifacts'])
  expect(await readdir(context.shelf)).toHaveLength(1)
  await expect(access('/etcdctl')).rejects.toThrow('ENOENT')
})

test('a link in place of a program is refused', async () => {
  const archive = await archiveOf({ 'etcd-v1/etcd': { symlink: '/bin/sh' } })
  await expect(obtain(await written('etcd.tar.gz', archive))).rejects.toFail('artifact/damaged-archive', {
    says: "'etcd-v1/etcd' (symlink)",
  })
})

test('when the file changes it is read again', async () => {
  const folder = await temporaryFolder()
  await mkdir(path.join(folder, 'bin'))
  const context = await testContext()
  const read = async (): Promise<string> => {
    const source = fileSource(path.join(folder, 'bin'))
    const { files } = await obtainEtcd({ version: VERSION, source }, FOREIGN, context)
    return (await readFile(files[0]?.path ?? '')).toString('latin1').slice(64)
  }
  await writeFile(path.join(folder, 'bin/etcdctl'), fakeBinary(FOREIGN, ''))
  await writeFile(path.join(folder, 'bin/etcd'), fakeBinary(FOREIGN, 'one'))
  expect(await read()).toBe('one')
  await writeFile(path.join(folder, 'bin/etcd'), fakeBinary(FOREIGN, 'another'))
  expect(await read()).toBe('another')
})
