/** Checksums that the cluster file pins, against sources that deliver other files. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { EtcdSpec } from '../spec/cluster.ts'
import { fetchFile } from './file.ts'
import { obtainEtcd } from './obtain.ts'
import {
  fakeBinary,
  fileSource,
  FOREIGN,
  releaseArchive,
  releaseSource,
  serve,
  temporaryFolder,
  testContext,
} from './test-support.ts'

const VERSION = '3.5.16'
const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex')

/** A mirror that delivers `archive` with a matching SHA256SUMS. */
async function mirrorOf(archive: Buffer): Promise<{ base: string; asked: string[] }> {
  const asked: string[] = []
  const base = await serve((request, response) => {
    asked.push(request.url ?? '')
    const name = `etcd-v${VERSION}-linux-${FOREIGN}.tar.gz`
    if (request.url?.endsWith('/SHA256SUMS')) response.end(`${sha256(archive)}  ${name}\n`)
    else response.end(archive)
  })
  return { base, asked }
}

const pinned = (source: EtcdSpec['source'], pins: object) => ({
  version: VERSION,
  source,
  sha256: { [FOREIGN]: pins },
})

test('a mirror that gives out other programs with checksums of its own: refused by the pin, and nothing is kept', async () => {
  const [good, evil] = [await releaseArchive(VERSION), await releaseArchive('3.5.99')]
  const { base } = await mirrorOf(evil)
  const context = await testContext()
  const wanted = pinned(releaseSource(base), { archive: sha256(good) })
  await expect(obtainEtcd(wanted, FOREIGN, context)).rejects.toFail('artifact/checksum-is-not-pinned', {
    says: [
      `${base}/v${VERSION}/etcd-v${VERSION}-linux-${FOREIGN}.tar.gz `,
      new RegExp(`${sha256(evil)}, etcd\\.sha256\\.${FOREIGN}\\.archive .*${sha256(good)}$`),
    ],
  })
  expect(await readdir(context.shelf)).toEqual([])
  // Without a pin, only the mirror's own checksum is left: `validate` warns about that for http.
  await expect(
    obtainEtcd({ version: VERSION, source: releaseSource(base) }, FOREIGN, context),
  ).resolves.toMatchObject({ archiveSha256: sha256(evil) })
  // A file that was downloaded without a pin isn't used for a pinned one.
  await expect(obtainEtcd(wanted, FOREIGN, context)).rejects.toFail('artifact/checksum-is-not-pinned')
})

test('an archive that is pinned needs no SHA256SUMS, and comes from the cache afterwards', async () => {
  const archive = await releaseArchive(VERSION)
  const { base, asked } = await mirrorOf(archive)
  const context = await testContext()
  const wanted = pinned(releaseSource(base), { archive: sha256(archive) })
  const artifact = await obtainEtcd(wanted, FOREIGN, context)
  expect(artifact.archiveSha256).toBe(sha256(archive))
  expect(asked.filter((url) => url.endsWith('SHA256SUMS'))).toEqual([])
  expect(await obtainEtcd(wanted, FOREIGN, context)).toEqual(artifact)
  expect(asked).toHaveLength(1)
})

test('an archive here is compared with its pin', async () => {
  const [good, other] = [await releaseArchive(VERSION), await releaseArchive('3.5.99')]
  const file = path.join(await temporaryFolder(), 'etcd.tar.gz')
  await writeFile(file, other)
  const obtain = async (archive: string) =>
    await obtainEtcd(pinned(fileSource(file), { archive }), FOREIGN, await testContext())
  await expect(obtain(sha256(good))).rejects.toFail('artifact/checksum-is-not-pinned', { says: file })
  await expect(obtain(sha256(other))).resolves.toMatchObject({ version: VERSION })
})

test('an archive that is replaced right after its pin was compared is not unpacked', async () => {
  const [good, evil] = [await releaseArchive(VERSION), await releaseArchive('3.5.99')]
  const [place, staging] = [await temporaryFolder(), await temporaryFolder()]
  const file = path.join(place, 'etcd.tar.gz')
  await writeFile(file, good)
  const source = {
    kind: 'file' as const,
    path: file,
    sha256: undefined,
    // A getter, because it must run after the checksum of the archive was computed.
    get archivePin() {
      writeFileSync(file, evil)
      return sha256(good)
    },
  }
  const { names } = await fetchFile(source, VERSION, FOREIGN, staging, await testContext())
  expect(await readdir(staging)).toEqual(names.toSorted())
  const programs = await Promise.all(
    names.map(async (name) => await readFile(path.join(staging, name), 'latin1')),
  )
  for (const program of programs) expect(program).toContain(VERSION)
})

test('programs in a directory: each needs its pin, and a different one is named', async () => {
  const folder = await temporaryFolder()
  const files = { etcd: fakeBinary(FOREIGN, 'etcd'), etcdctl: fakeBinary(FOREIGN, 'etcdctl') }
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content)
  const obtain = async (pins: object) =>
    await obtainEtcd(pinned(fileSource(folder), pins), FOREIGN, await testContext())
  const sums = { etcd: sha256(files.etcd), etcdctl: sha256(files.etcdctl) }
  await expect(obtain(sums)).resolves.toMatchObject({ version: VERSION })
  await expect(obtain({ ...sums, etcd: '0'.repeat(64) })).rejects.toFail('artifact/checksum-is-not-pinned', {
    says: new RegExp(`^etcd: .*${sums.etcd}, etcd\\.sha256\\.${FOREIGN} .*${'0'.repeat(64)}$`, 'm'),
  })
  await expect(obtain({ etcd: sums.etcd })).rejects.toFail('artifact/checksum-is-not-pinned', {
    says: new RegExp(`^etcdctl: .*${sums.etcdctl}, etcd\\.sha256\\.${FOREIGN}`, 'm'),
  })
  await expect(obtain({ archive: sums.etcd })).rejects.toFail('artifact/source-is-a-directory', {
    says: folder,
  })
})

test('an architecture without a pin is refused before anything is fetched', async () => {
  const { base, asked } = await mirrorOf(await releaseArchive(VERSION))
  const other = FOREIGN === 'arm64' ? 'amd64' : 'arm64'
  const wanted = {
    version: VERSION,
    source: releaseSource(base),
    sha256: { [other]: { archive: '0'.repeat(64) } },
  }
  await expect(obtainEtcd(wanted, FOREIGN, await testContext())).rejects.toFail(
    'artifact/checksum-is-not-pinned',
    { says: [`etcd ${VERSION} `, ` ${FOREIGN} (etcd.sha256)`], fix: `etcd.sha256.${FOREIGN}` },
  )
  expect(asked).toEqual([])
})
