import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { formatProblem } from '../spec/problem.ts'
import { inspectClusterFile, loadClusterFile } from './load.ts'

const NODES = ['1', '2', '3']
  .map((number) => `  - { name: etcd0${number}, address: 192.0.2.${number}, roles: [etcd] }`)
  .join('\n')

async function folderWith(authority: string): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-load-'))
  onTestFinished(async () => await rm(folder, { recursive: true }))
  const file = path.join(folder, 'cluster.yaml')
  const text = `name: prod
nodes:
${NODES}
etcd: { version: "3.5.16", source: { debian: { suite: trixie } } }
pki:
  authority:
${authority}
`
  await writeFile(file, text)
  return { folder, file }
}

const makeCa = (folder: string, ...options: readonly string[]) =>
  execFileSync(
    'openssl',
    ['req', '-x509', '-nodes', '-subj', '/CN=old', '-keyout', 'ca.key', '-out', 'ca.crt', ...options],
    { cwd: folder, stdio: 'ignore' },
  )

test.each([
  ['offline: { certificate: ca.crt }', '9:29'],
  ['local: { certificate: ca.crt, key: ca.key }', '9:27'],
])('a CA in a file that is too weak is a warning of validate, at its place: %s', async (authority, place) => {
  const { folder, file } = await folderWith(`    ${authority}`)
  makeCa(folder, '-newkey', 'rsa:1024', '-sha1')
  const { cluster, problems } = await inspectClusterFile(file)
  expect(cluster).toBeDefined()
  expect(problems.map(formatProblem)).toEqual([
    expect.stringMatching(new RegExp(String.raw`:${place}: warning: .* CN=old .*: .*rsa-1024.*SHA-1`)),
  ])
  // Commands inspect what members trust instead.
  expect((await loadClusterFile(file)).warnings).toEqual([])
})

test('validate accepts a strong CA, and one that does not exist', async () => {
  const { folder, file } = await folderWith('    offline: { certificate: ca.crt }')
  expect((await inspectClusterFile(file)).problems).toEqual([])
  makeCa(folder, '-newkey', 'rsa:2048', '-sha256')
  expect((await inspectClusterFile(file)).problems).toEqual([])
})

test('faulty settings are an error, or an urgent warning for what writes none', async () => {
  const { file } = await folderWith('    offline: { certificate: ca.crt }')
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replace('trixie } }', 'trixie } }, settings: { colour: red }'),
  )
  await expect(loadClusterFile(file)).rejects.toMatchObject({ code: 'cluster-file' })
  const { cluster, warnings } = await loadClusterFile(file, { faultySettings: 'warn' })
  expect(cluster.etcd.settings).toEqual({ colour: 'red' })
  expect(warnings).toMatchObject([{ urgent: true, text: expect.stringContaining('colour') as string }])
})
