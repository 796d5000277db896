import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { RECOMMENDED_VERSION } from '../src/spec/defaults.ts'
import { parseClusterFile } from '../src/spec/parse.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const FILE = 'examples/nine-machines.yaml'

test('the demo runs the version for new clusters; what it makes of its file without Go differs in etcd alone', async () => {
  const script = await readFile(path.join(ROOT, 'script/demo'), 'utf8')
  const command = /sed -e [^>]*"\$file"/.exec(script)?.[0] ?? 'false'
  const text = execFileSync('sh', ['-c', `file=${FILE}; ${command}`], { cwd: ROOT, encoding: 'utf8' })
  const read = (content: string) => parseClusterFile(content, path.join(ROOT, FILE))
  const usual = read(await readFile(path.join(ROOT, FILE), 'utf8'))
  const without = read(text)
  expect([usual.problems, without.problems]).toEqual([[], []])
  expect(usual.cluster?.etcd).toMatchObject({ version: RECOMMENDED_VERSION, source: { kind: 'modules' } })
  const etcd = { version: '3.5.16', source: { kind: 'debian', suite: 'trixie' } }
  expect(without.cluster?.etcd).toMatchObject(etcd)
  expect({ ...without.cluster, etcd: usual.cluster?.etcd }).toEqual(usual.cluster)
})
