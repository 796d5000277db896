import { chmod, lstat, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadClusterFile } from '../../cluster-file/load.ts'
import { checkFileEdit, editFile } from './file.ts'
import { upgradeTarget } from './target.ts'

const TEXT = `# ours
name: prod
nodes:
  - { name: etcd01, address: 192.0.2.1, roles: [etcd] }
etcd:
  version: "3.5.16"   # Debian's
  source: { debian: { suite: trixie } }
`

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-upgrade-file-'))
  file = path.join(folder, 'cluster.yaml')
  await writeFile(file, TEXT)
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

const target = async (from: string, to = '3.5.30') =>
  upgradeTarget((await loadClusterFile(from)).cluster, { to })

test('the values are replaced through a link, the link and the mode stay', async () => {
  const link = path.join(folder, 'link.yaml')
  await symlink('cluster.yaml', link)
  await chmod(file, 0o640)
  const { cluster, edits } = await target(link)
  await checkFileEdit(cluster, edits)
  expect(await readFile(file, 'utf8')).toBe(TEXT)
  await editFile(cluster, edits)
  expect(await readFile(file, 'utf8')).toBe(TEXT.replace('3.5.16', '3.5.30').replace('trixie', 'sid'))
  expect((await lstat(link)).isSymbolicLink()).toBe(true)
  expect((await stat(file)).mode & 0o777).toBe(0o640)
})

test('a file that was edited since is left alone, and the error says what to write', async () => {
  const { cluster, edits } = await target(file)
  const edited = TEXT.replace('source:', 'clientPort: 4001\n  source:')
  await writeFile(file, edited)
  await expect(editFile(cluster, edits)).rejects.toMatchObject({
    code: 'cluster-file',
    hint: expect.stringContaining('etcd.version: "3.5.30"'),
  })
  expect(await readFile(file, 'utf8')).toBe(edited)
})

test('a file that would be invalid with the new version is reported beforehand', async () => {
  await writeFile(file, `${TEXT}  enableV2: true\n`)
  const { cluster } = await loadClusterFile(file)
  const { cluster: wanted, edits } = upgradeTarget(cluster, { to: '3.6.14', suite: 'forky' })
  await expect(checkFileEdit(wanted, edits)).rejects.toFail('cluster-file/unfit-for-the-version', {
    says: / etcd 3\.6\.14:\n.*enableV2/,
  })
})
