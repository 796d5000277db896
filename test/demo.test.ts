import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { imageNames } from '../src/kubernetes/image-names.ts'
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

test('what scripts read out of the file with Kubernetes is what it says', async () => {
  const file = path.join(ROOT, 'examples/kubernetes.yaml')
  const { cluster } = parseClusterFile(await readFile(file, 'utf8'), file)
  const found = async (script: string, variable: string) => {
    const text = await readFile(path.join(ROOT, script), 'utf8')
    const [, command = 'false'] = new RegExp(`${variable}=\\$\\((sed [^\n]*)\\)\n`).exec(text) ?? []
    const options = { cwd: ROOT, encoding: 'utf8', env: { ...process.env, file } } as const
    return execFileSync('sh', ['-c', command], options).trim()
  }
  expect(await found('script/setup', 'version')).toBe(cluster?.kubernetes?.version)
  const worker = cluster?.nodes.find(({ name }) => name === 'worker01')
  expect(await found('script/demo', 'worker')).toBe(worker?.address)
})

test('the Deployment of the demo runs an image that quorate puts on every node, behind a Service that finds it', async () => {
  const file = path.join(ROOT, 'examples/kubernetes.yaml')
  const { cluster } = parseClusterFile(await readFile(file, 'utf8'), file)
  const text = await readFile(path.join(ROOT, 'examples/hello.yaml'), 'utf8')
  const [deployment, service] = parseAllDocuments(text).map((one): unknown => parse(one.toString()))
  const names = cluster?.kubernetes === undefined ? undefined : imageNames(cluster.kubernetes)
  expect(deployment).toMatchObject({
    kind: 'Deployment',
    spec: {
      template: { metadata: { labels: { app: 'hello' } }, spec: { containers: [{ image: names?.probe }] } },
    },
  })
  expect(service).toMatchObject({
    kind: 'Service',
    spec: { selector: { app: 'hello' }, ports: [{ targetPort: 8080, nodePort: 30080 }] },
  })
})
