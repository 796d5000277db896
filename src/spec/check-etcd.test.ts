import { expect, test } from 'vitest'
import { parseClusterFile } from './parse.ts'
import { added, changed, GOOD, lines } from './sample.ts'

test('an unquoted version is a number, and the message is kind about it', () => {
  expect(changed('"3.5.16"', '3.6')).toEqual([
    'cluster.yaml:7:12: etcd.version: 3.6 without quotes is a number to YAML (3.10 would become 3.1), and an exact version has three parts; write "3.6.16"',
  ])
})

test.each([
  [
    '"3.5"',
    '"3.5" is not an exact version: all members must run the same one, today and tomorrow; write all three numbers, like "3.5.35"',
  ],
  ['v3.5.16', '"v3.5.16" is not an exact version: three numbers, nothing around them; write "3.5.16"'],
  [
    '3.5.16+dfsg-2',
    '"3.5.16+dfsg-2" is not an exact version: three numbers, nothing around them; write "3.5.16"',
  ],
  [
    '"3.2.32"',
    'etcd 3.2.32 is not supported: quorate knows the settings of 3.3 to 3.7; write one of those, like "3.6.16"',
  ],
  [
    '"3.8.0"',
    'etcd 3.8.0 is not supported: quorate knows the settings of 3.3 to 3.7; write one of those, like "3.6.16"',
  ],
  ['latest', '"latest" is not an etcd version; write an exact one, like "3.6.16"'],
])('version %s', (version, message) => {
  expect(changed('"3.5.16"', version)).toEqual([`cluster.yaml:7:12: etcd.version: ${message}`])
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
    "cluster.yaml:9:5: etcd.settings.name: quorate sets this itself: it is the node's name, or its etcdName; remove it",
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
    'cluster.yaml:9:36: warning: etcd.settings.quota-backend-bytes: 10 GiB is over the 8 GiB that etcd advises: starts, snapshots and defrags get slow; write 8589934592 or less',
    'cluster.yaml:10:14: warning: pki.days: 1000 days: a stolen key stays useful as long as its certificate is valid; write 825 or less; renewing is one command',
  ])
  expect(added('  source: { debian: { suite: bookworm } }\n')).toEqual([
    'cluster.yaml:7:12: warning: etcd.version: Debian bookworm has 3.4.23, not 3.5.16; write "3.4.23"',
  ])
})

test('numbers and switches are read as etcd reads them', () => {
  expect(added('  settings: { quota-backend-bytes: "0x280000000" }\n').join()).toContain(
    '10 GiB is over the 8 GiB',
  )
  // Octal: one GiB.
  expect(added('  settings: { quota-backend-bytes: "010000000000" }\n')).toEqual([])
  expect(added('  settings: { quota-backend-bytes: "08" }\n').join()).toContain('not a number of bytes')
  expect(added('  settings: { unsafe-no-fsync: "T" }\n').join()).toContain(
    'a power failure then loses writes',
  )
})

test('serving clients without TLS is a warning that says how to end it', () => {
  expect(added('  plaintextClients: true\n')).toEqual([
    'cluster.yaml:8:21: warning: etcd.plaintextClients: anyone who reaches the client port can read and write the whole keyspace without a certificate, and the traffic is unencrypted; remove the key and apply, as soon as no client speaks http any more',
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
    'etcd.dataDirectory: "/srv" is shared by the whole system, and etcd wants a directory of its own (mode 0700); write /srv/etcd/data',
  ],
  [
    'dataDirectory: /var/lib/etcd',
    18,
    'etcd.dataDirectory: without etcd.walDirectory, the WAL directory is next to it: "/var/lib/wal" lies directly in /var/lib, a system directory: etcd needs write access to /var/lib, because its first start renames a sibling to the WAL directory; write walDirectory too, like /var/lib/etcd-wal/wal',
  ],
  [
    'walDirectory: /opt/etcd/data/wal',
    17,
    'etcd.walDirectory lies inside etcd.dataDirectory: a restore replaces the data directory as a whole; write one next to it, like /opt/etcd/wal',
  ],
  [
    'walDirectory: /mnt/wal',
    17,
    'etcd.walDirectory: "/mnt/wal" lies directly in /mnt, a system directory: etcd needs write access to /mnt, because its first start renames a sibling to the WAL directory; write /mnt/etcd/wal',
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
    'etcd.clientPort: "2379" in quotes is text, but a number is expected; write 2379',
  ],
  ['enableV2: yes', 13, 'etcd.enableV2: yes is text to YAML, but true or false is expected; write true'],
])('etcd: %s', (line, column, message) => {
  expect(added(`  ${line}\n`)).toEqual([`cluster.yaml:8:${column}: ${message}`])
})

test('the WAL is next to the data unless the file says otherwise', () => {
  const { cluster } = parseClusterFile(`${GOOD}  dataDirectory: /srv/etcd/data/\n`, 'c.yaml')
  expect([cluster?.etcd.dataDirectory, cluster?.etcd.walDirectory]).toEqual([
    '/srv/etcd/data',
    '/srv/etcd/wal',
  ])
})

const settings = (text: string, more = '') =>
  added(`${more}  settings: { ${text} }\n`).map((line) => line.replace(/^[^ ]+ /, ''))

test.each([
  'listen-metrics-urls: "http://127.0.0.1:2381"',
  'listen-metrics-urls: "https://{address}:2383"',
  'listen-metrics-urls: "https://0.0.0.0:2383,http://127.0.0.1:2381"',
  'listen-metrics-urls: "https://[::]:2383"',
  'listen-client-http-urls: "https://{address}:2384,https://127.0.0.1:2384"',
])('members can listen elsewhere too: %s', (text) => {
  expect(settings(text)).toEqual([])
})

test.each([
  ['listen-metrics-urls: "127.0.0.1:2383"', 'is not a URL of an IP address and a port'],
  ['listen-metrics-urls: "http://localhost:2383"', 'is not a URL of an IP address and a port'],
  ['listen-metrics-urls: "https://127.0.0.1:2383/metrics"', 'is not a URL of an IP address and a port'],
  ['listen-metrics-urls: "https://198.18.9.1:2383"', 'not every node has the address 198.18.9.1'],
  ['listen-metrics-urls: "https://{address}:2379"', '2379 is the client port'],
  ['listen-client-http-urls: "https://{address}:2380"', '2380 is the peer port'],
  ['listen-metrics-urls: "https://{address}:443"', '443 is kept for root'],
  ['listen-client-http-urls: "https://127.0.0.1:2381"', '2381 is where members serve metrics'],
  [
    'listen-metrics-urls: "https://{address}:2383", listen-client-http-urls: "https://0.0.0.0:2383"',
    "can't share a port",
  ],
  ['listen-client-http-urls: "http://127.0.0.1:2384"', 'every local user could read and write every key'],
  ['listen-client-http-urls: "http://0.0.0.0:2384"', 'everyone who reaches port 2384 could read and write'],
])('where etcd could not listen, or everybody would come in: %s', (text, message) => {
  expect(settings(text)).toEqual([expect.stringContaining(message)])
})

test('http is for the clients that the file names, and metrics without a certificate are reported', () => {
  expect(settings('listen-metrics-urls: "http://{address}:2383"')).toEqual([
    'warning: etcd.settings.listen-metrics-urls: http://{address}:2383: everyone who reaches port 2383 can read the metrics, without a certificate; write https, or let a firewall admit the scraper alone',
  ])
  expect(settings('listen-metrics-urls: "http://127.0.0.1:2383"', '  metrics: clients\n')).toEqual([
    expect.stringContaining('etcd.metrics says clients'),
  ])
  const local = settings('listen-client-http-urls: "http://127.0.0.1:2384"', '  localPlaintext: true\n')
  expect(local.filter((line) => !line.startsWith('warning'))).toEqual([])
  const everywhere = settings('listen-client-http-urls: "http://0.0.0.0:2384"', '  localPlaintext: true\n')
  expect(everywhere.filter((line) => !line.startsWith('warning'))).toHaveLength(1)
  expect(settings('listen-client-http-urls: "https://0.0.0.0:2384"', '  enableV2: true\n')).toEqual([
    expect.stringContaining('the v2 API'),
  ])
  // The default port is free then.
  expect(added('  clientPort: 2381\n  settings: { listen-metrics-urls: "http://127.0.0.1:2383" }\n')).toEqual(
    [],
  )
})
