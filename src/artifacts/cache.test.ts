import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Artifact } from './artifact.ts'
import { obtainEtcd } from './obtain.ts'
import type { TestContext } from './test-support.ts'
import { fakeBinary, fileSource, FOREIGN, temporaryFolder, testContext } from './test-support.ts'

async function setUp(): Promise<{ context: TestContext; obtain: () => Promise<Artifact> }> {
  const folder = await temporaryFolder()
  for (const name of ['etcd', 'etcdctl']) await writeFile(path.join(folder, name), fakeBinary(FOREIGN, name))
  const context = await testContext()
  const spec = { version: '3.5.16', source: fileSource(folder) }
  return { context, obtain: async () => await obtainEtcd(spec, FOREIGN, context) }
}

function pathOf(artifact: Artifact, name: string): string {
  return artifact.files.find((file) => file.name === name)?.path ?? ''
}

test('a flipped byte in a cached binary is detected, and the binary downloaded again', async () => {
  const { context, obtain } = await setUp()
  const first = await obtain()
  const file = pathOf(first, 'etcd')
  const content = await readFile(file)
  content[66] = (content[66] ?? 0) ^ 1
  await writeFile(file, content)
  // The clock for file times may not have advanced since the entry was made.
  await utimes(file, new Date(), new Date(Date.now() + 1000))

  expect(await obtain()).toEqual(first)
  expect((await readFile(file)).toString('latin1').slice(64)).toBe('etcd')
  expect(context.events.map((event) => event.text).join('\n')).toContain(file)
  expect(await readdir(context.shelf)).toHaveLength(1)
})

test('a missing cached binary, and an unreadable record, are downloaded again', async () => {
  const { obtain } = await setUp()
  const first = await obtain()
  await rm(pathOf(first, 'etcdctl'))
  expect(await obtain()).toEqual(first)
  expect((await stat(pathOf(first, 'etcdctl'))).mode & 0o111).not.toBe(0)

  await writeFile(path.join(path.dirname(pathOf(first, 'etcd')), 'entry.json'), '{ "format": 1, "files"')
  expect(await obtain()).toEqual(first)
})

test('a new time on unchanged content is not damage', async () => {
  const { context, obtain } = await setUp()
  const first = await obtain()
  const before = context.events.length
  await utimes(pathOf(first, 'etcd'), new Date(1000), new Date(1000))
  expect(await obtain()).toEqual(first)
  expect(context.events).toHaveLength(before)
})

test('runs at the same time get the same complete entry and leave nothing else', async () => {
  const { context, obtain } = await setUp()
  const artifacts = await Promise.all([obtain(), obtain(), obtain(), obtain()])
  for (const artifact of artifacts) expect(artifact).toEqual(artifacts[0])
  expect(await readdir(context.shelf)).toHaveLength(1)
  expect(await readFile(pathOf(artifacts[0], 'etcdctl'))).toEqual(fakeBinary(FOREIGN, 'etcdctl'))
})

test('what a killed run left behind is removed after a day, not before', async () => {
  const { context, obtain } = await setUp()
  const [old, recent] = [path.join(context.shelf, '.old'), path.join(context.shelf, '.recent')]
  await mkdir(old, { recursive: true })
  await mkdir(recent)
  const longAgo = new Date(Date.now() - 25 * 3_600_000)
  await utimes(old, longAgo, longAgo)
  await obtain()
  const left = await readdir(context.shelf)
  expect(left).toContain('.recent')
  expect(left).not.toContain('.old')
})
