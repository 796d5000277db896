/** docs/reference/cluster-file.md must be true: its keys, its examples, its messages. */
import { readFile, readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parseClusterFile } from './parse.ts'
import { formatProblem } from './problem.ts'
import { keysAt } from './schema-keys.ts'

const PAGE = await readFile(new URL('../../docs/reference/cluster-file.md', import.meta.url), 'utf8')
const BLOCKS = [...PAGE.matchAll(/^```(\w*)\n(.*?)^```/gms)].map(([, language, text = '']) => ({
  language,
  text,
}))
const LEAST = BLOCKS.find(({ language, text }) => language === 'yaml' && text.startsWith('name:'))?.text ?? ''

function lines(text: string): string[] {
  return parseClusterFile(text, 'cluster.yaml').problems.map(formatProblem)
}

test('the least that a file needs is enough', () => {
  expect(LEAST).not.toBe('')
  expect(lines(LEAST)).toEqual([])
})

test.each(['authority', 'source'])('every form of %s works', (key) => {
  const forms = BLOCKS.flatMap(({ text }) => text.split('\n')).filter((line) => line.startsWith(`${key}: `))
  expect(forms.length).toBeGreaterThanOrEqual(5)
  const under = (line: string) =>
    key === 'source' ? `  ${line.replace('trixie', 'sid')}\n` : `pki:\n  ${line}\n`
  expect(forms.flatMap((line) => lines(LEAST + under(line)))).toEqual([])
})

test('what the page shows of Kubernetes works', () => {
  const nine = LEAST.replace(
    '\netcd:',
    `  - { name: master01, address: 198.18.8.21, roles: [control-plane] }
  - { name: master02, address: 198.18.8.22, roles: [master] }
  - { name: worker01, address: 198.18.8.31, roles: [worker] }
  - { name: service01, address: 198.18.8.41, roles: [service] }
groups: { edge: [worker01] }
\netcd:`,
  )
  const balancer = 'loadBalancer: { url: "https://service01:6443", managed: true }\n'
  const [whole = '', sources = '', ...others] = BLOCKS.map(({ text }) => text).filter((text) =>
    text.startsWith('kubernetes:'),
  )
  expect(lines(nine + whole)).toEqual([])
  const forms = sources
    .split('\n')
    .slice(1, -1)
    .map((line) => `kubernetes:\n${line.replace('SUM', 'a'.repeat(64))}\n`)
  expect(forms.length).toBeGreaterThanOrEqual(6)
  expect(others.length).toBeGreaterThanOrEqual(2)
  for (const text of [...forms, ...others])
    expect(lines(`${nine}${balancer}${text}  version: "1.37.2"\n`)).toEqual([])
})

test('every key is on the page', () => {
  const places = [
    [],
    ['ssh'],
    ['nodes', 0],
    ['pki'],
    ['etcd'],
    ['network'],
    ['loadBalancer'],
    ['pki', 'authority', 'host'],
    ['kubernetes'],
    ['kubernetes', 'apiServer'],
    ['kubernetes', 'kubelet'],
    ['kubernetes', 'pki'],
    ['backup'],
    ['backup', 'store', 's3'],
    ['backup', 'schedule'],
    ['backup', 'schedule', 'keep'],
  ]
  const keys = places.flatMap((path) =>
    keysAt(path).map((key) => [...path.filter((part) => typeof part === 'string'), key].join('.')),
  )
  expect(keys.length).toBeGreaterThan(60)
  const missing = keys.filter((key) => !PAGE.includes(`| \`${key}\` |`))
  expect(missing).toEqual([])
})

test('the messages on the page are those that people get', () => {
  const file = `name: test
nodes:
  - { name: etcd01, address: 198.18.9.1, roles: [etcd] }
  - { name: etcd02, address: 198.18.9.2:22, roles: [etcd] }
  - { name: etcd03, address: 198.18.9.3, roles: [etcd] }
etcd:
  version: 3.6
  localPlaintext: true
`
  expect(BLOCKS.map(({ text }) => text)).toContain(`${lines(file).join('\n')}\n`)
})

test('no page and no example contains a key that readers could take for their own', async () => {
  const root = new URL('../../', import.meta.url)
  const pages = [
    ...(await readdir(new URL('docs', root), { recursive: true })).map((name) => `docs/${name}`),
    ...(await readdir(new URL('examples', root))).map((name) => `examples/${name}`),
    'README.md',
  ].filter((name) => /\.(md|yaml)$/.test(name))
  expect(pages.length).toBeGreaterThan(30)
  const texts = await Promise.all(pages.map(async (name) => await readFile(new URL(name, root), 'utf8')))
  const keys = /age1[02-9ac-hj-np-z]{50,}|AGE-SECRET-KEY-1\w+|ssh-\S+ AAAA\S{20,}|AKIA[0-9A-Z]{16}/g
  expect(texts.flatMap((text) => text.match(keys) ?? [])).toEqual([])
})
