import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { renderClusterFile } from './init.ts'
import { clusterFileFrom } from './init-answers.ts'
import { parseClusterFile } from './parse.ts'
import { resolveCluster } from './resolve.ts'
import { clusterFileSchema } from './schema.ts'
import type { ClusterFile } from './schema.ts'

const FILE = '/srv/site/cluster.yaml'
const RECIPIENT = 'age1r6n0zrcg9nxpmr03rthlpgsh4ltq20a9rr0fekemr94xm8sny3lsqd3nf7'
const ANSWERS = { name: 'site', etcd: '198.18.9.1 198.18.9.2 198.18.9.3', worker: '198.18.9.4' }

/** Adds names, addresses and the role etcd, so that no two nodes conflict. */
function numbered<T extends { roles: readonly string[] }>(node: T, index: number) {
  return {
    ...node,
    name: `n${index}`,
    address: index % 2 === 0 ? `198.18.9.${index + 1}` : `2001:db8:${index}::`,
    addresses: [`2001:db8::${index + 1}`],
    roles: [...new Set(['etcd', ...node.roles])],
  }
}

/** Any file content: every key present or absent, with values that the rules for single values allow. */
function anyContent(): fc.Arbitrary<ClusterFile> {
  const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,6}[a-z0-9])?$/)
  const path = fc.stringMatching(/^[A-Za-z0-9_. #:'"{}[\],&*!|>%@-]{1,12}$/)
  const port = fc.integer({ min: 3000, max: 65_535 })
  const maybe = { requiredKeys: [] as [] }
  const ssh = fc.record({ user: label, port, identityFile: path, jump: label }, maybe)
  const size = fc.constantFrom('1GB', '512MiB', '1.5TB')
  const least = fc.record({ cpus: fc.integer({ min: 1, max: 64 }), memory: size, disk: size }, maybe)
  const node = fc.record(
    {
      roles: fc.subarray(['etcd', 'master', 'worker', 'service'] as const, { minLength: 1 }),
      names: fc.array(fc.constantFrom('a.example.org', 'db.example.org'), { maxLength: 2 }),
      ssh,
    },
    { requiredKeys: ['roles'] },
  )
  const authority = fc.oneof(
    fc.constant('local' as const),
    fc.record({ local: fc.record({ passphrase: fc.boolean() }, maybe) }),
    fc.record({
      host: fc.record({
        name: label,
        certificate: fc.constant('/root/ca.crt'),
        key: fc.constant('/root/ca.key'),
      }),
    }),
    fc.record({ offline: fc.record({ certificate: path }) }),
  )
  const source = fc.oneof(
    fc.record({ release: fc.record({ mirror: fc.constant('https://mirror.example.org/etcd') }, maybe) }),
    fc.record({ debian: fc.record({ suite: fc.constantFrom('trixie', 'sid') }) }),
    fc.record({ file: fc.record({ path }) }),
  )
  const settings = fc.dictionary(
    fc.constantFrom('log-level', 'max-txn-ops', 'snapshot-count'),
    fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.string().filter((text) => text.trim() !== ''),
      fc.constantFrom('3.6', 'yes', 'null', '# no', '0x10'),
    ),
  )
  return fc.record(
    {
      name: label,
      ssh,
      nodes: fc.array(node, { minLength: 2, maxLength: 5 }).map((nodes) => nodes.map(numbered)),
      groups: fc.dictionary(
        label.map((name) => `g-${name}`),
        fc.subarray(['n0', 'n1'], { minLength: 1 }),
      ),
      requirements: fc.record({ etcd: least, worker: least }, maybe),
      pki: fc.record(
        { authority, layout: fc.constantFrom('single', 'separate'), days: fc.integer({ min: 1, max: 3650 }) },
        maybe,
      ),
      etcd: fc.record(
        {
          version: fc.constantFrom('3.5.16', '3.4.23'),
          source,
          dataDirectory: fc.constantFrom('/srv/etcd/data', '/opt/etcd/data'),
          walDirectory: fc.constant('/mnt/fast/etcd/wal'),
          clientPort: port,
          localPlaintext: fc.boolean(),
          plaintextClients: fc.boolean(),
          metrics: fc.constantFrom('local' as const, 'clients' as const),
          enableV2: fc.boolean(),
          settings,
        },
        { requiredKeys: ['version'] },
      ),
      network: fc.record(
        {
          Network: fc.constant('10.5.0.0/16'),
          SubnetLen: fc.integer({ min: 18, max: 30 }),
          IPv6Network: fc.constant('fd00::/48'),
          EnableIPv6: fc.boolean(),
          Backend: fc.record({
            Type: fc.constantFrom('vxlan', 'host-gw'),
            VNI: fc.integer({ min: 1, max: 100 }),
          }),
          prefix: fc.constant('/site/network'),
        },
        { requiredKeys: ['Network'] },
      ),
      loadBalancer: fc.record(
        {
          url: fc.constantFrom('https://service01', 'https://lb.example.org:6443/x'),
          // Whether it can be true depends on the nodes.
          managed: fc.constant(false),
          address: fc.constantFrom('198.18.7.100', 'fd00::100'),
        },
        { requiredKeys: ['url'] },
      ),
      packages: fc.array(fc.constantFrom('curl', 'g++', 'libc6'), { maxLength: 3 }),
      state: path,
    },
    { requiredKeys: ['name', 'nodes', 'etcd'] },
  ) as fc.Arbitrary<ClusterFile>
}

test('a written file says what it was made from, whatever that is', () => {
  fc.assert(
    fc.property(anyContent(), (content) => {
      const { cluster, problems } = parseClusterFile(renderClusterFile(content), FILE, { home: '/home/ann' })
      expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
      expect(cluster).toEqual(resolveCluster(content, FILE, '/home/ann'))
    }),
    { numRuns: 300 },
  )
})

test('the file of a few answers is right, and shows editors where its schema is', () => {
  const text = renderClusterFile(clusterFileFrom(ANSWERS), { schema: './cluster.schema.json' })
  expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./cluster.schema.json')
  const { cluster, problems } = parseClusterFile(text, FILE)
  expect(problems).toEqual([])
  expect(cluster?.nodes.map(({ name, address }) => `${name} ${address}`)).toEqual([
    'etcd01 198.18.9.1',
    'etcd02 198.18.9.2',
    'etcd03 198.18.9.3',
    'worker01 198.18.9.4',
  ])
})

test('taking the # away from every setting: only the placeholders are wrong; the defaults are the real ones', () => {
  // Kubernetes is one of the settings, and needs masters.
  const text = renderClusterFile(clusterFileFrom({ ...ANSWERS, master: '198.18.9.5 198.18.9.6' }))
  const open = text
    .replaceAll(/^( *)# ((?: {2})?[A-Za-z0-9]+:(?: .*)?)$/gm, '$1$2')
    .replace('edge: [ worker01, service01 ]', 'edge: [ worker01 ]')
  expect(open).not.toBe(text)
  const placeholders = parseClusterFile(open, FILE).problems
  expect(placeholders.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^etcd\.sha256\.amd64\.archive: .*placeholder/),
    expect.stringMatching(/^backup\.recipients\[0\]: "YOUR-AGE-PUBLIC-KEY" .*placeholder/),
  ])
  const filled = open.replace('0'.repeat(64), 'a'.repeat(64)).replace('YOUR-AGE-PUBLIC-KEY', RECIPIENT)
  const { cluster, problems } = parseClusterFile(filled, FILE)
  expect(problems).toEqual([])
  const plain = parseClusterFile(text, FILE).cluster
  expect(cluster?.pki).toEqual(plain?.pki)
  const examples = {
    settings: { 'heartbeat-interval': '100' },
    sha256: { amd64: { archive: 'a'.repeat(64) } },
  }
  expect(cluster?.etcd).toEqual({ ...plain?.etcd, ...examples })
  expect(cluster?.requirements).toEqual(plain?.requirements)
  expect(cluster?.packages).toEqual(plain?.packages)
  expect(cluster?.stateDirectory).toEqual(plain?.stateDirectory)
  const { taints, nodeLabels, ...kubernetes } = cluster!.kubernetes!
  expect({ taints, nodeLabels }).toEqual({
    taints: { master01: [], master02: [] },
    nodeLabels: { worker01: { disk: 'ssd' } },
  })
  expect(kubernetes).toMatchObject({ version: '1.37.2', source: { kind: 'release' }, flannel: 'daemonset' })
  // Every key of the schema has a line, so that the manual is not needed to find one.
  for (const [section, known] of Object.entries(shape())) {
    for (const key of known) expect(open, `${section}.${key}`).toMatch(new RegExp(`^( *)${key}:`, 'm'))
  }
})

function keys(schema: { shape: object }): string[] {
  return Object.keys(schema.shape)
}

function shape(): Record<string, string[]> {
  const top = clusterFileSchema.shape
  return {
    '': keys(clusterFileSchema),
    ssh: keys(top.ssh.unwrap()),
    pki: keys(top.pki.unwrap()),
    etcd: keys(top.etcd),
    backup: keys(top.backup.unwrap()),
    kubernetes: keys(top.kubernetes.unwrap()),
    requirements: keys(top.requirements.unwrap()),
  }
}
