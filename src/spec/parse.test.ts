import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatProblem } from './problem.ts'
import { loadCluster, parseClusterFile } from './parse.ts'

const GOOD = `name: test
nodes:
  - { name: etcd01, address: 198.18.9.1, roles: [etcd] }
  - { name: etcd02, address: 198.18.9.2, roles: [etcd] }
  - { name: etcd03, address: 198.18.9.3, roles: [etcd] }
etcd:
  version: "3.5.16"
`

function lines(text: string): string[] {
  return parseClusterFile(text, 'cluster.yaml').problems.map(formatProblem)
}

/** The good file with one piece replaced. */
function changed(from: string, to: string): string[] {
  expect(GOOD).toContain(from)
  return lines(GOOD.replace(from, to))
}

/** The good file with more at its end. */
function added(text: string): string[] {
  return lines(GOOD + text)
}

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
      enableV2: false,
      settings: {},
    },
    network: undefined,
    loadBalancerUrl: undefined,
    packages: ['ca-certificates', 'curl', 'openssl', 'sudo', 'tar'],
  })
})

test('an unquoted version is a number, and the message is kind about it', () => {
  expect(changed('"3.5.16"', '3.6')).toEqual([
    'cluster.yaml:7:12: etcd.version: 3.6 without quotes is a number to YAML (3.10 would become 3.1), and an exact version has three parts; write "3.6.14"',
  ])
})

test.each([
  [
    '"3.5"',
    '"3.5" is not an exact version: all members must run the same one, today and tomorrow; write all three numbers, like "3.5.33"',
  ],
  ['v3.5.16', '"v3.5.16" is not an exact version: three numbers, nothing around them; write "3.5.16"'],
  [
    '3.5.16+dfsg-2',
    '"3.5.16+dfsg-2" is not an exact version: three numbers, nothing around them; write "3.5.16"',
  ],
  [
    '"3.2.32"',
    'etcd 3.2.32 is not supported: quorate knows the settings of 3.3 to 3.7; write one of those, like "3.5.33"',
  ],
  [
    '"3.8.0"',
    'etcd 3.8.0 is not supported: quorate knows the settings of 3.3 to 3.7; write one of those, like "3.5.33"',
  ],
  ['latest', '"latest" is not an etcd version; write an exact one, like "3.5.16"'],
])('version %s', (version, message) => {
  expect(changed('"3.5.16"', version)).toEqual([`cluster.yaml:7:12: etcd.version: ${message}`])
})

test.each([
  [
    '198.18.9.2:22',
    '"198.18.9.2:22" has a port: only the address belongs here; write 198.18.9.2; ports are ssh.port, etcd.clientPort and etcd.peerPort',
  ],
  ['"[2001:db8::2]"', '"[2001:db8::2]" has brackets: only the address belongs here; write 2001:db8::2'],
  [
    '"[2001:db8::2]:2380"',
    '"[2001:db8::2]:2380" has brackets and a port: only the address belongs here; write 2001:db8::2',
  ],
  ['198.18.9.2/24', '"198.18.9.2/24" is a network: one address belongs here; write 198.18.9.2'],
  ['198.18.9.256', '"198.18.9.256" is not an IP address; write one like 198.18.7.11 or 2001:db8::11'],
  [
    'etcd02.example.org',
    '"etcd02.example.org" is a name, not an IP address: etcd listens on addresses, and peers are checked by them; write the address that `getent hosts etcd02.example.org` prints; names belong under names',
  ],
  [
    '127.0.0.1',
    '"127.0.0.1" is a loopback address: every machine has it, and no other can reach it; write the address by which the other nodes reach this one',
  ],
  [
    '"::1"',
    '"::1" is a loopback address: every machine has it, and no other can reach it; write the address by which the other nodes reach this one',
  ],
  [
    '224.0.0.1',
    '"224.0.0.1" is a multicast address: it belongs to a group of machines, not to one; write the address by which the other nodes reach this one',
  ],
  [
    '0.0.0.0',
    '"0.0.0.0" means "any address": nothing can connect to it; write the address by which the other nodes reach this one',
  ],
  [
    'fe80::1',
    '"fe80::1" is a link-local address: it means something else on every network card; write the address by which the other nodes reach this one',
  ],
  [
    '"::ffff:198.18.9.2"',
    '"::ffff:198.18.9.2" is an IPv4 address in IPv6 clothes: certificates and etcd treat it as another one; write 198.18.9.2',
  ],
  ['010.1.1.1', '"010.1.1.1" is not an IP address; write one like 198.18.7.11 or 2001:db8::11'],
])('address %s', (address, message) => {
  expect(changed('198.18.9.2', address)).toEqual([`cluster.yaml:4:30: node etcd02, address: ${message}`])
})

test('IPv6 addresses are fine, also in brackets of YAML', () => {
  expect(changed('198.18.9.2', '2001:db8::2, addresses: [2001:db8:0:1::2, fd00::7]')).toEqual([])
})

test('two nodes must not share a name or an address, however it is spelled', () => {
  expect(changed('name: etcd02', 'name: etcd01')).toEqual([
    'cluster.yaml:4:13: a second node called etcd01 (the first is on line 3); give every node a name of its own',
  ])
  expect(changed('198.18.9.2', '198.18.9.1')).toEqual([
    'cluster.yaml:4:30: 198.18.9.1 is the address of etcd01 too (line 3); give every node an address of its own',
  ])
  const spelled = GOOD.replace('198.18.9.1', '2001:db8::1').replace(
    '198.18.9.2',
    '198.18.9.2, addresses: ["2001:DB8:0:0::0001"]',
  )
  expect(lines(spelled)).toEqual([
    'cluster.yaml:4:54: 2001:DB8:0:0::0001 is the address of etcd01 too (line 3); give every node an address of its own',
  ])
})

test('an even number of members is a warning that says why, and the cluster is there', () => {
  const text = GOOD.replace(/.*etcd03.*\n/, '')
  expect(lines(text)).toEqual([
    'cluster.yaml:2:1: warning: 2 etcd nodes survive the loss of none, no more than 1 would, and one more can fail; use 1 or 3',
  ])
  expect(parseClusterFile(text, 'cluster.yaml').cluster?.nodes).toHaveLength(2)
})

test('a cluster without etcd is none', () => {
  expect(lines(GOOD.replaceAll('[etcd]', '[worker]'))).toEqual([
    'cluster.yaml:2:1: no node has the role etcd; write roles: [etcd] on an odd number of nodes, best three',
  ])
})

test('names and roles', () => {
  expect(changed('name: etcd02', 'name: etcd02.example.org')).toEqual([
    'cluster.yaml:4:13: nodes[1].name: "etcd02.example.org" has a dot; write etcd02; a node\'s full name belongs under names',
  ])
  expect(changed('name: etcd02', 'name: Etcd_02')).toEqual([
    'cluster.yaml:4:13: nodes[1].name: "Etcd_02" is not a name: lower-case letters, digits and inner hyphens, at most 63; write etcd-02',
  ])
  expect(changed('name: etcd02', 'name: 02')).toEqual([
    'cluster.yaml:4:13: nodes[1].name: 02 without quotes is the number 2 to YAML, and text belongs here; write "02"',
  ])
  expect(changed('name: etcd02', 'name: common')).toEqual([
    'cluster.yaml:4:13: a node called common, which is the word for all nodes; write another name, like common01',
  ])
  expect(changed('9.2, roles: [etcd]', '9.2, roles: [ectd]')).toEqual([
    'cluster.yaml:4:50: node etcd02, roles[0]: "ectd" is not known; did you mean etcd? Known are etcd, master, worker, service',
  ])
  expect(changed('9.2, roles: [etcd]', '9.2, roles: etcd')).toEqual([
    'cluster.yaml:4:49: node etcd02, roles is a list; write [etcd]',
  ])
  expect(changed('address: 198.18.9.2, ', '')).toEqual([
    'cluster.yaml:4:5: node etcd02, address is missing; write the IP address where the other nodes reach it',
  ])
})

test('unknown keys are pointed at, with what was most likely meant', () => {
  expect(added('etcd_version: 1\n')).toEqual([
    'cluster.yaml:8:1: unknown key etcd_version; known are name, ssh, nodes, groups, requirements, pki, etcd, network, loadBalancer, packages, state',
  ])
  expect(changed('  version', '  data_directory: /opt/etcd/data\n  version')).toEqual([
    'cluster.yaml:7:3: unknown key data_directory in etcd; did you mean dataDirectory?',
  ])
  expect(changed('address: 198.18.9.2', 'adress: 198.18.9.2')).toEqual([
    'cluster.yaml:4:5: node etcd02, address is missing; write the IP address where the other nodes reach it',
    'cluster.yaml:4:21: unknown key adress in node etcd02; did you mean address?',
  ])
  expect(added('pki: { authority: { hsot: {} } }\n')).toEqual([
    'cluster.yaml:8:19: pki.authority is empty; write one of local, host, offline',
    'cluster.yaml:8:21: unknown key hsot in pki.authority; did you mean host?',
  ])
})

test('groups list nodes, under names that mean nothing else', () => {
  expect(added('groups:\n  edge: [etcd04]\n  worker: [etcd01]\n  etcd01: [etcd01]\n  all: [etcd]\n')).toEqual(
    [
      'cluster.yaml:9:10: group edge names etcd04, and there is no such node; did you mean etcd01?',
      'cluster.yaml:10:3: a group called worker, which is a role; write another name',
      'cluster.yaml:11:3: a group called etcd01, which is a node; write another name',
      'cluster.yaml:12:9: group all names etcd, and there is no such node; groups list nodes, not roles or groups: write the nodes of etcd',
    ],
  )
})

test('settings that quorate writes itself are refused with the reason', () => {
  const settings = [
    'name: x',
    'ETCD_DATA_DIR: /x',
    'initial-cluster-state: new',
    'listen-client-urls: x',
    'peer-key-file: x',
  ]
  const text = `${GOOD}  settings:\n${settings.map((line) => `    ${line}\n`).join('')}`
  expect(lines(text)).toEqual([
    'cluster.yaml:9:5: etcd.settings.name: quorate sets this itself: it is the name of the node; remove it',
    'cluster.yaml:10:5: etcd.settings.ETCD_DATA_DIR: quorate sets this itself: it is etcd.dataDirectory; remove it',
    'cluster.yaml:11:5: etcd.settings.initial-cluster-state: quorate sets this itself: quorate writes it when members start for the first time; remove it',
    'cluster.yaml:12:5: etcd.settings.listen-client-urls: quorate sets this itself: URLs follow from address, etcd.clientPort and etcd.peerPort; remove it',
    'cluster.yaml:13:5: etcd.settings.peer-key-file: quorate sets this itself: certificates are put in place by quorate, as pki says; remove it',
  ])
})

test('timers follow the rule of etcd', () => {
  expect(added('  settings: { heartbeat-interval: 300 }\n')).toEqual([
    'cluster.yaml:8:35: etcd.settings.heartbeat-interval: an election timeout of 1000 ms is less than five heartbeats of 300 ms, and etcd refuses to start; write election-timeout: 3000 too',
  ])
  expect(added('  settings: { election-timeout: 60000 }\n')).toEqual([
    'cluster.yaml:8:33: etcd.settings.election-timeout: 60000 ms is over 50000, and etcd refuses to start; write ten times the longest round trip between nodes',
  ])
  expect(added('  settings: { heartbeat-interval: 1s }\n')).toEqual([
    'cluster.yaml:8:35: etcd.settings.heartbeat-interval: "1s" is not a time in ms; write a whole number',
  ])
  const fine = parseClusterFile(
    `${GOOD}  settings: { heartbeat-interval: 200, election-timeout: 1000 }\n`,
    'c.yaml',
  )
  expect(fine.cluster?.etcd.settings).toEqual({ 'heartbeat-interval': '200', 'election-timeout': '1000' })
})

test('what is allowed but risky is a warning that names the risk', () => {
  expect(
    added('  localPlaintext: true\n  settings: { quota-backend-bytes: 10737418240 }\npki: { days: 1000 }\n'),
  ).toEqual([
    'cluster.yaml:8:19: warning: etcd.localPlaintext: every process on an etcd node, of any user, can read and write the whole store, Kubernetes Secrets included; leave it out unless something needs it; `quorate etcdctl` does not',
    'cluster.yaml:9:36: warning: etcd.settings.quota-backend-bytes: 10.0 GiB is over the 8 GiB that etcd advises: starts, snapshots and defrags get slow; write 8589934592 or less',
    'cluster.yaml:10:14: warning: pki.days: 1000 days: a stolen key stays useful as long as its certificate is valid; write 825 or less; renewing is one command',
  ])
  expect(added('  source: { debian: { suite: bookworm } }\n')).toEqual([
    'cluster.yaml:7:12: warning: etcd.version: Debian bookworm has 3.4.23, not 3.5.16; write "3.4.23"',
  ])
})

test('the v2 API is refused where etcd has none', () => {
  expect(lines(GOOD.replace('3.5.16', '3.6.14') + '  enableV2: true\n')).toEqual([
    'cluster.yaml:8:13: etcd.enableV2: etcd 3.6.14 has no v2 API any more: 3.6 removed it; remove the key; flannel 0.18 and newer use v3',
  ])
  expect(added('network: { Network: 10.5.0.0/16, v2: true }\n')).toEqual([
    "cluster.yaml:8:38: network.v2 writes through etcd's v2 API, which is off; write etcd.enableV2: true too, or remove it",
  ])
})

test.each([
  [
    'dataDirectory: etcd',
    18,
    'etcd.dataDirectory: "etcd" is not absolute: it is a path on the nodes; write one like /srv/etcd',
  ],
  [
    'dataDirectory: /home/etcd',
    18,
    'etcd.dataDirectory: "/home/etcd" lies in /home, where etcd\'s unit (ProtectHome, PrivateTmp, ProtectSystem) can\'t keep data; write one like /opt/etcd/data',
  ],
  [
    'dataDirectory: /srv',
    18,
    'etcd.dataDirectory: "/srv" is shared by the whole system, and etcd wants a folder of its own (mode 0700); write /srv/etcd/data',
  ],
  [
    'dataDirectory: /var/lib/etcd',
    18,
    'etcd.dataDirectory: without etcd.walDirectory the WAL lies beside it, and there "/var/lib/wal" lies directly in /var/lib: etcd makes the WAL directory by renaming a sibling, so it must own the parent, and /var/lib belongs to the whole system; write walDirectory too, like /var/lib/etcd-wal/wal',
  ],
  [
    'walDirectory: /opt/etcd/data/wal',
    17,
    'etcd.walDirectory lies inside etcd.dataDirectory: a restore replaces the data directory as a whole; write one beside it, like /opt/etcd/wal',
  ],
  [
    'walDirectory: /mnt/wal',
    17,
    'etcd.walDirectory: "/mnt/wal" lies directly in /mnt: etcd makes the WAL directory by renaming a sibling, so it must own the parent, and /mnt belongs to the whole system; write /mnt/etcd/wal',
  ],
  [
    'walDirectory: "/opt/my etcd/wal"',
    17,
    'etcd.walDirectory: "/opt/my etcd/wal" has blanks, special characters or dots in it, which systemd would read in its own way; write letters, digits and ._+@- only',
  ],
  ['peerPort: 2379', 13, "etcd.peerPort: clients and peers can't share port 2379; write another"],
  [
    'clientPort: 443',
    15,
    'etcd.clientPort: 443 is kept for root, and etcd runs as the user etcd; write 1024 or more',
  ],
  [
    'clientPort: "2379"',
    15,
    'etcd.clientPort: "2379" in quotes is text, and a number belongs here; write 2379',
  ],
  ['enableV2: yes', 13, 'etcd.enableV2: yes is text to YAML, and true or false belongs here; write true'],
])('etcd: %s', (line, column, message) => {
  expect(added(`  ${line}\n`)).toEqual([`cluster.yaml:8:${column}: ${message}`])
})

test('the WAL lies beside the data unless the file says otherwise', () => {
  const { cluster } = parseClusterFile(`${GOOD}  dataDirectory: /srv/etcd/data/\n`, 'c.yaml')
  expect([cluster?.etcd.dataDirectory, cluster?.etcd.walDirectory]).toEqual([
    '/srv/etcd/data',
    '/srv/etcd/wal',
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
    'cluster.yaml:8:19: pki.authority: host needs its settings; write { host: { certificate: … } }; see docs/cluster-file.md',
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
    'cluster.yaml:8:22: loadBalancer.url: a URL with a user or password in it: this file is no place for secrets; write it without',
  ])
  expect(added('  settings: { log-level: "info\\nETCD_NAME=x" }\n')).toEqual([
    'cluster.yaml:8:26: etcd.settings.log-level: a line break or control character; write one line',
  ])
})

test('every problem is told at once, in the order of the file', () => {
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
    await expect(loadCluster(folder)).rejects.toMatchObject({ message: `${folder} is a folder` })
    await expect(loadCluster(join(folder, 'none.yaml'))).rejects.toMatchObject({
      message: `there is no cluster file ${join(folder, 'none.yaml')}`,
      hint: 'write one with `quorate init`, or name another with -f FILE',
    })
  } finally {
    await rm(folder, { recursive: true })
  }
})
