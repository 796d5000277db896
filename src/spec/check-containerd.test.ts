import { expect, test } from 'vitest'
import { parseClusterFile } from './parse.ts'

/** The file with this as `kubernetes.containerd`. */
function parsed(containerd: string) {
  const nodes = ['etcd', 'master', 'worker', 'service'].map(
    (role, index) => `  - { name: ${role}01, address: 198.18.9.${index + 11}, roles: [${role}] }\n`,
  )
  const text = `name: test
nodes:
${nodes.join('')}etcd: { version: '3.6.16' }
loadBalancer: { url: 'https://service01:6443' }
kubernetes:
  version: '1.37.2'
${containerd === '' ? '' : `  containerd: ${containerd}\n`}`
  return parseClusterFile(text, '/etc/quorate/cluster.yaml')
}

const complaints = (containerd: string) =>
  parsed(containerd)
    .problems.filter(({ message }) => message.includes('containerd'))
    .map(({ severity, line, column, message, hint }) => `${severity} ${line}:${column} ${message} -> ${hint}`)

const STANDARD = { version: '2.3.7', runc: '1.5.3', cni: '1.9.1', crictl: undefined }
const GITHUB = { kind: 'release', base: 'https://github.com', proxy: undefined }

test.each(['', '{}', '{ source: distribution }'])(
  "'%s' leaves the packages of the distribution",
  (containerd) => {
    expect(complaints(containerd)).toEqual([])
    expect(parsed(containerd).cluster?.kubernetes?.containerd).toBeUndefined()
  },
)

test.each([
  ['{ source: release }', { ...STANDARD, source: GITHUB }],
  ['{ source: { release: {} }, runc: "1.4.0" }', { ...STANDARD, runc: '1.4.0', source: GITHUB }],
  [
    '{ source: { release: { mirror: https://mirror.example.org/gh/, proxy: http://proxy:3128 } }, crictl: "1.37.0" }',
    {
      ...STANDARD,
      crictl: '1.37.0',
      source: { kind: 'release', base: 'https://mirror.example.org/gh', proxy: 'http://proxy:3128' },
    },
  ],
  [
    '{ source: { folder: releases }, version: "1.7.29", cni: "1.8.0" }',
    {
      ...STANDARD,
      version: '1.7.29',
      cni: '1.8.0',
      source: { kind: 'folder', path: '/etc/quorate/releases' },
    },
  ],
])('%s is taken', (containerd, wanted) => {
  expect(complaints(containerd)).toEqual([])
  expect(parsed(containerd).cluster?.kubernetes?.containerd).toEqual(wanted)
})

test.each([
  [
    '{ version: "2.3.7" }',
    /^error 11:\d+ kubernetes\.containerd\.version: the packages .* -> remove the key, or write source: release/,
  ],
  [
    '{ source: distribution, crictl: "1.37.0" }',
    /^error 11:\d+ kubernetes\.containerd\.crictl: the packages/,
  ],
  ['{ source: {} }', /^error 11:\d+ kubernetes\.containerd\.source is empty -> write one of release, folder/],
  ['{ source: { release: {}, folder: x } }', /^error 11:\d+ .* has release and folder: it can only be one/],
  ['{ source: release, version: "v2.3.7" }', /^error 11:\d+ .*not an exact version -> write "2\.3\.7"/],
  ['{ source: release, version: "1.6.20" }', /^error 11:\d+ .*containerd 1\.6\.20 is not supported/],
  ['{ source: release, runc: "1.5" }', /^error 11:\d+ .*not an exact version -> write three numbers/],
  ['{ source: release, cni: "1.9.1/../../x" }', /^error 11:\d+ .*not an exact version/],
  ['{ source: { release: { mirror: http://mirror } } }', /^warning 11:\d+ .*over http anyone/],
])('%s is pointed at, with what to write', (containerd, message) => {
  expect(complaints(containerd)).toEqual([expect.stringMatching(message)])
})

test('a source that is at fault is the only complaint', () => {
  expect(complaints('{ source: nonsense, version: "2.3.7" }')).toEqual([
    expect.stringMatching(
      /is not a source of containerd -> write distribution, release, or \{ folder: PATH \}/,
    ),
  ])
})
