import { expect, test } from 'vitest'
import { parseClusterFile } from './parse.ts'
import { formatProblem } from './problem.ts'

const SUM = 'a'.repeat(64)

/** The report about these keys under `etcd`, in lines from 6 on. */
function told(...keys: readonly string[]): readonly string[] {
  const nodes = [1, 2, 3].map(
    (number) => `  - { name: etcd0${number}, address: 192.0.2.${number}, roles: [etcd] }`,
  )
  const text = ['name: prod', 'nodes:', ...nodes, 'etcd:', '  version: "3.5.33"', ...keys].join('\n')
  return parseClusterFile(text, 'cluster.yaml').problems.map(formatProblem)
}

const modules = (keys = '') => `  source: { modules: {${keys}} }`

test('checksums of archives and programs are taken, in small letters', () => {
  const text = [
    'name: prod',
    'nodes: [{ name: etcd01, address: 192.0.2.1, roles: [etcd] }]',
    `etcd: { version: "3.5.33", sha256: { amd64: { archive: ${SUM.toUpperCase()} }, arm64: { etcd: ${SUM}, etcdctl: ${SUM} } } }`,
  ].join('\n')
  expect(parseClusterFile(text, 'cluster.yaml').cluster?.etcd.sha256).toEqual({
    amd64: { archive: SUM },
    arm64: { etcd: SUM, etcdctl: SUM },
  })
})

test.each([
  ['  sha256: {}', '8:11: etcd.sha256 pins nothing, and what is not pinned is refused; write amd64 or arm64'],
  ['  sha256: { amd64: { archive: 12ab } }', '8:31: etcd.sha256.amd64.archive: "12ab" is not a SHA-256'],
  [
    `  sha256: { amd64: { etcd: ${SUM} } }`,
    "8:20: etcd.sha256.amd64: without the archive's checksum every program needs its own, and etcdctl has none",
  ],
  ['  sha256: { amd64: {} }', '8:20: etcd.sha256.amd64: without the archive'],
])('a pin that would protect from nothing is an error: %s', (line, expected) => {
  expect(told(line)).toEqual([expect.stringContaining(`cluster.yaml:${expected}`)])
})

test('Debian has no archive to pin', () => {
  const source = '  source: { debian: { suite: sid } }'
  expect(told(`  sha256: { amd64: { archive: ${SUM} } }`, source)).toEqual([
    expect.stringContaining('cluster.yaml:8:31: etcd.sha256.amd64.archive: Debian has packages'),
  ])
  expect(told(`  sha256: { amd64: { etcd: ${SUM}, etcdctl: ${SUM} } }`, source)).toEqual([])
})

test('a mirror over http is a warning, once, unless something else vouches for what it gives out', () => {
  const mirror = '  source: { release: { mirror: http://mirror.example.org } }'
  expect(told(mirror)).toEqual([
    'cluster.yaml:8:32: warning: etcd.source.release.mirror: over http anyone on the network path can serve other programs together with their checksums, and etcd runs them on every node; write https, or pin the checksums: etcd.sha256',
  ])
  const [url, sums] = ['url: "http://m/{version}-{arch}.tgz"', 'checksums: "http://m/SUMS"']
  expect(told(`  source: { release: { ${url}, ${sums} } }`)).toEqual([
    expect.stringContaining('warning: etcd.source.release.url: over http'),
  ])
  expect(told(mirror, `  sha256: { amd64: { archive: ${SUM} } }`)).toEqual([])
  expect(told(`  source: { release: { ${url}, ${sums.replace('http:', 'https:')} } }`)).toEqual([])
  expect(told('  source: { release: { mirror: https://mirror.example.org } }')).toEqual([])
})

test('from modules: programs are pinned, etcd before 3.5 is refused, and doing without the checksum database is a warning', () => {
  expect(told(modules())).toEqual([])
  expect(told(modules(), `  sha256: { amd64: { archive: ${SUM} } }`)).toEqual([
    expect.stringContaining('etcd.sha256.amd64.archive: programs built from modules have no release archive'),
  ])
  const off = modules(' checksumDatabase: false ')
  expect(told(off)).toEqual([
    expect.stringContaining('warning: etcd.source.modules.checksumDatabase: without the checksum database'),
  ])
  expect(told(off, `  sha256: { amd64: { etcd: ${SUM}, etcdctl: ${SUM}, etcdutl: ${SUM} } }`)).toEqual([])
  const text = [
    'name: prod',
    'nodes: [{ name: etcd01, address: 192.0.2.1, roles: [etcd] }]',
    'etcd: { version: "3.4.45", source: { modules: {} } }',
  ].join('\n')
  expect(parseClusterFile(text, 'cluster.yaml').problems.map(formatProblem)).toEqual(
    expect.arrayContaining([expect.stringContaining("etcd 3.4.45 can't be built from modules")]),
  )
})
