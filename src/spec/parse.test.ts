import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadCluster, parseClusterFile } from './parse.ts'
import { formatProblem } from './problem.ts'
import { added, changed, GOOD, lines } from './sample.ts'

test('a short file is a cluster with every default filled in', () => {
  const { cluster, problems } = parseClusterFile(GOOD, '/srv/site/cluster.yaml')
  expect(problems).toEqual([])
  expect(cluster).toEqual({
    name: 'test',
    file: '/srv/site/cluster.yaml',
    stateDirectory: '/srv/site/.quorate/test',
    nodes: [1, 2, 3].map((digit) => ({
      name: `etcd0${digit}`,
      address: `198.18.9.${digit}`,
      addresses: [],
      names: [],
      roles: ['etcd'],
      ssh: {
        host: `198.18.9.${digit}`,
        user: undefined,
        port: undefined,
        identityFile: undefined,
        jump: undefined,
      },
    })),
    groups: {},
    requirements: {
      etcd: { cpus: 2, memoryBytes: 1e9, diskBytes: 15e9 },
      master: { cpus: 2, memoryBytes: 2e9, diskBytes: 15e9 },
      worker: { cpus: 2, memoryBytes: 4e9, diskBytes: 20e9 },
      service: { cpus: 2, memoryBytes: 2e9, diskBytes: 30e9 },
    },
    pki: {
      authority: { home: 'local', certificate: undefined, key: undefined, passphrase: false },
      layout: 'single',
      algorithm: 'ecdsa-p256',
      days: 365,
    },
    etcd: {
      version: '3.5.16',
      source: {
        kind: 'release',
        url: 'https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-{arch}.tar.gz',
        checksums: 'https://github.com/etcd-io/etcd/releases/download/v{version}/SHA256SUMS',
        proxy: undefined,
      },
      dataDirectory: '/opt/etcd/data',
      walDirectory: '/opt/etcd/wal',
      clientPort: 2379,
      peerPort: 2380,
      localPlaintext: false,
      plaintextClients: false,
      metrics: 'local',
      enableV2: false,
      settings: {},
    },
    network: undefined,
    loadBalancerUrl: undefined,
    backup: undefined,
    packages: ['ca-certificates', 'curl', 'openssl', 'sudo', 'tar'],
  })
})

test('unknown keys are pointed at, with what was most likely meant', () => {
  expect(added('etcd_version: 1\n')).toEqual([
    'cluster.yaml:8:1: unknown key etcd_version; known are name, ssh, nodes, groups, requirements, pki, etcd, network, loadBalancer, kubernetes, backup, packages, state',
  ])
  expect(changed('  version', '  data_directory: /opt/etcd/data\n  version')).toEqual([
    'cluster.yaml:7:3: unknown key data_directory in etcd; check the spelling: the closest match is dataDirectory',
  ])
  expect(changed('address: 198.18.9.2', 'adress: 198.18.9.2')).toEqual([
    'cluster.yaml:4:5: node etcd02, address is missing; write the IP address where the other nodes reach it',
    'cluster.yaml:4:21: unknown key adress in node etcd02; check the spelling: the closest match is address',
  ])
  expect(added('pki: { authority: { hsot: {} } }\n')).toEqual([
    'cluster.yaml:8:19: pki.authority is empty; write one of local, host, offline',
    'cluster.yaml:8:21: unknown key hsot in pki.authority; check the spelling: the closest match is host',
  ])
})

test('pki: RSA sizes, days, one home, and an existing CA with both its files', () => {
  expect(added('pki: { algorithm: rsa-1024 }\n')).toEqual([
    'cluster.yaml:8:19: pki.algorithm: "rsa-1024" is not offered: RSA keys have 2048, 3072 or 4096 bits; write rsa-3072',
  ])
  expect(added('pki: { days: 0 }\n')).toEqual([
    'cluster.yaml:8:14: pki.days: 0 is too small; write 1 or more',
  ])
  expect(added('pki: { authority: host }\n')).toEqual([
    'cluster.yaml:8:19: pki.authority: host needs its settings; write { host: { certificate: … } }; see docs/reference/cluster-file.md',
  ])
  expect(added('pki: { authority: { local: {}, offline: { certificate: ca.crt } } }\n')).toEqual([
    'cluster.yaml:8:32: pki.authority has local and offline: it can only be one; keep one',
  ])
  expect(added('pki: { authority: { local: { certificate: ca.crt } } }\n')).toEqual([
    'cluster.yaml:8:43: pki.authority.local has a certificate without a key: an existing CA is both; write key too, or neither for a new CA',
  ])
})

test('a value may not smuggle an option or a secret in', () => {
  expect(added('ssh: { user: "-oProxyCommand=sh", jump: "-x" }\n')).toEqual([
    'cluster.yaml:8:14: ssh.user: "-oProxyCommand=sh" is not a login name; write one like root',
    'cluster.yaml:8:41: ssh.jump: "-x" is not a jump host; write one like bastion or admin@bastion.example.org:2222',
  ])
  expect(added('loadBalancer: { url: "https://me:secret@service01" }\n')).toEqual([
    'cluster.yaml:8:22: loadBalancer.url: a URL with a user or password in it: this file must not contain secrets; write it without',
  ])
  expect(added('  settings: { log-level: "info\\nETCD_NAME=x" }\n')).toEqual([
    'cluster.yaml:8:26: etcd.settings.log-level: a line break or control character; write one line',
  ])
})

test('every problem is reported at once, in the order of the file', () => {
  const text = GOOD.replace('name: test', 'name: Test')
    .replace('198.18.9.2', '198.18.9.1')
    .replace('"3.5.16"', '3.5')
  expect(lines(`${text}colour: red\n`).map((line) => line.split(': ')[0])).toEqual([
    'cluster.yaml:1:7',
    'cluster.yaml:4:30',
    'cluster.yaml:7:12',
    'cluster.yaml:8:1',
  ])
})

test('paths start from the file, and ~ is home', () => {
  const text = `${GOOD}ssh: { identityFile: ~/.ssh/key }\npki: { authority: { offline: { certificate: ../ca.crt } } }\nstate: /var/lib/quorate/test\n`
  const { cluster } = parseClusterFile(text, '/srv/site/cluster.yaml', { home: '/home/ann' })
  expect(cluster?.nodes[0]?.ssh.identityFile).toBe('/home/ann/.ssh/key')
  expect(cluster?.pki.authority).toEqual({ home: 'offline', certificate: '/srv/ca.crt' })
  expect(cluster?.stateDirectory).toBe('/var/lib/quorate/test')
})

test("a node's own ssh settings come before those of all", () => {
  const text = `${GOOD.replace('9.2,', '9.2, ssh: { host: alias, port: 2222 },')}ssh: { user: admin, port: 22, jump: bastion }\n`
  const { cluster } = parseClusterFile(text, 'c.yaml')
  expect(cluster?.nodes[1]?.ssh).toEqual({
    host: 'alias',
    user: 'admin',
    port: 2222,
    identityFile: undefined,
    jump: 'bastion',
  })
})

test('a CA host that is a node is reached as that node; another one by its name', () => {
  const [node, other] = ['etcd02', 'root-ca-host'].map((name) => {
    const host = `{ name: ${name}, certificate: /root/ca.crt, key: /root/ca.key }`
    const text = `${GOOD}ssh: { user: admin }\npki: { authority: { host: ${host} } }\n`
    return parseClusterFile(text, 'c.yaml').cluster?.pki.authority
  })
  const nothing = { user: undefined, port: undefined, identityFile: undefined, jump: undefined }
  expect(node).toMatchObject({
    hostName: 'etcd02',
    ssh: { ...nothing, host: '198.18.9.2', user: 'admin' },
  })
  expect(other).toMatchObject({
    hostName: 'root-ca-host',
    sudo: true,
    ssh: { ...nothing, host: 'root-ca-host' },
  })
})

test("a mirror stands in for etcd's release page", () => {
  const { cluster } = parseClusterFile(
    `${GOOD}  source: { release: { mirror: "https://mirror.example.org/etcd/" } }\n`,
    'c.yaml',
  )
  expect(cluster?.etcd.source).toMatchObject({
    url: 'https://mirror.example.org/etcd/v{version}/etcd-v{version}-linux-{arch}.tar.gz',
    checksums: 'https://mirror.example.org/etcd/v{version}/SHA256SUMS',
  })
})

test("other rooms' checks run on a file that is right so far, and speak of its places", () => {
  const text = `${GOOD}network:\n  Network: 10.5.0.0/16\n`
  const { cluster, problems } = parseClusterFile(text, 'c.yaml', {
    extraChecks: [
      () => [{ severity: 'error', path: ['network', 'Network'], message: 'overlaps', hint: 'move it' }],
    ],
  })
  expect(problems.map(formatProblem)).toEqual(['c.yaml:9:12: overlaps; move it'])
  expect(cluster).toBeUndefined()
})

test('loadCluster throws one error with every line, or hands back the warnings', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-spec-'))
  try {
    const file = join(folder, 'cluster.yaml')
    await writeFile(file, GOOD.replace('name: test', 'name: Test').replace('198.18.9.2', '198.18.9.1'))
    await expect(loadCluster(file)).rejects.toMatchObject({
      code: 'cluster-file',
      message: `2 errors in the cluster file
${file}:1:7: name: "Test" is not a name: lower-case letters, digits and inner hyphens, at most 63; write test
${file}:4:30: 198.18.9.1 is the address of etcd01 too (line 3); give every node an address of its own`,
    })
    await writeFile(file, `${GOOD}  localPlaintext: true\n`)
    const { cluster, warnings } = await loadCluster(file)
    expect([cluster.name, warnings.length, warnings[0]?.severity]).toEqual(['test', 1, 'warning'])
    await writeFile(file, Uint8Array.of(0x6e, 0xff, 0xfe))
    await expect(loadCluster(file)).rejects.toMatchObject({ message: `${file} is not UTF-8 text` })
    await expect(loadCluster(folder)).rejects.toMatchObject({ message: `${folder} is a directory` })
    await expect(loadCluster(join(folder, 'none.yaml'))).rejects.toMatchObject({
      message: `there is no cluster file ${join(folder, 'none.yaml')}`,
      hint: 'write one with `quorate init`, or name another with -f FILE',
    })
  } finally {
    await rm(folder, { recursive: true })
  }
})
