import { expect, test } from 'vitest'
import { furtherListeners, memberEnvironment, type MemberConfiguration } from './configuration.ts'
import { sampleCluster, sampleNode } from './sample.ts'

function environment(changes: Partial<MemberConfiguration> = {}): Record<string, string> {
  const cluster = changes.cluster ?? sampleCluster()
  const node = cluster.nodes[0]
  if (node === undefined) throw new TypeError('the sample has nodes')
  return memberEnvironment({
    cluster,
    node,
    members: cluster.nodes,
    token: 'sample-1',
    state: 'new',
    ...changes,
  })
}

test('a member listens with TLS on its address and on loopback, and knows its peers', () => {
  expect(environment()).toEqual({
    ETCD_NAME: 'etcd01',
    ETCD_DATA_DIR: '/opt/etcd/data',
    ETCD_WAL_DIR: '/opt/etcd/wal',
    ETCD_INITIAL_CLUSTER:
      'etcd01=https://192.168.0.1:2380,etcd02=https://192.168.0.2:2380,etcd03=https://192.168.0.3:2380',
    ETCD_INITIAL_CLUSTER_TOKEN: 'sample-1',
    ETCD_INITIAL_CLUSTER_STATE: 'new',
    ETCD_INITIAL_ADVERTISE_PEER_URLS: 'https://192.168.0.1:2380',
    ETCD_ADVERTISE_CLIENT_URLS: 'https://192.168.0.1:2379',
    ETCD_LISTEN_PEER_URLS: 'https://192.168.0.1:2380',
    ETCD_LISTEN_CLIENT_URLS: 'https://192.168.0.1:2379,https://127.0.0.1:2379',
    ETCD_CERT_FILE: '/etc/ssl/etcd/etcd.crt',
    ETCD_KEY_FILE: '/etc/ssl/etcd/etcd.key',
    ETCD_TRUSTED_CA_FILE: '/etc/ssl/etcd/ca.crt',
    ETCD_CLIENT_CERT_AUTH: 'true',
    ETCD_PEER_CERT_FILE: '/etc/ssl/etcd/etcd.crt',
    ETCD_PEER_KEY_FILE: '/etc/ssl/etcd/etcd.key',
    ETCD_PEER_TRUSTED_CA_FILE: '/etc/ssl/etcd/ca.crt',
    ETCD_PEER_CLIENT_CERT_AUTH: 'true',
    ETCD_STRICT_RECONFIG_CHECK: 'true',
    ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK: 'true',
    ETCD_AUTO_COMPACTION_MODE: 'periodic',
    ETCD_AUTO_COMPACTION_RETENTION: '8h',
    ETCD_LISTEN_METRICS_URLS: 'http://127.0.0.1:2381',
  })
})

test('localPlaintext opens loopback and nothing else', () => {
  const { ETCD_LISTEN_CLIENT_URLS } = environment({ cluster: sampleCluster({ localPlaintext: true }) })
  expect(ETCD_LISTEN_CLIENT_URLS).toBe('https://192.168.0.1:2379,http://127.0.0.1:2379')
})

test('plaintextClients serves http in addition to https, on the same ports, and advertises both', () => {
  const both = environment({ cluster: sampleCluster({ plaintextClients: true }) })
  const own = 'https://192.168.0.1:2379,http://192.168.0.1:2379'
  expect(both['ETCD_LISTEN_CLIENT_URLS']).toBe(`${own},https://127.0.0.1:2379,http://127.0.0.1:2379`)
  expect(both['ETCD_ADVERTISE_CLIENT_URLS']).toBe(own)
})

test('plaintextClients serves http alone where etcd mistakes the one for the other', () => {
  const old = environment({ cluster: sampleCluster({ plaintextClients: true, version: '3.4.23' }) })
  expect(old['ETCD_LISTEN_CLIENT_URLS']).toBe('http://192.168.0.1:2379,http://127.0.0.1:2379')
})

test('a member whose peers find it without TLS has its certificates all the same, to find others with', () => {
  const node = { ...sampleNode('etcd01', '192.168.0.1'), plainPeer: true as const }
  const plain = environment({ node, members: [node] })
  expect(plain).toMatchObject({
    ETCD_LISTEN_PEER_URLS: 'http://192.168.0.1:2380',
    ETCD_INITIAL_ADVERTISE_PEER_URLS: 'http://192.168.0.1:2380',
    ETCD_PEER_CERT_FILE: '/etc/ssl/etcd/etcd.crt',
  })
})

test('separate certificates are used each for its side', () => {
  const { ETCD_CERT_FILE, ETCD_PEER_KEY_FILE } = environment({ cluster: sampleCluster({}, 'separate') })
  expect([ETCD_CERT_FILE, ETCD_PEER_KEY_FILE]).toEqual(['/etc/ssl/etcd/server.crt', '/etc/ssl/etcd/peer.key'])
})

test('IPv6 addresses stand in brackets', () => {
  const node = sampleNode('etcd01', '2001:db8::1')
  const { ETCD_LISTEN_PEER_URLS, ETCD_INITIAL_CLUSTER } = environment({ node, members: [node] })
  expect(ETCD_LISTEN_PEER_URLS).toBe('https://[2001:db8::1]:2380')
  expect(ETCD_INITIAL_CLUSTER).toBe('etcd01=https://[2001:db8::1]:2380')
})

test('the corruption check has the name that the version knows', () => {
  const gates = { 'feature-gates': 'LeaseCheckpoint=true' }
  expect(environment({ cluster: sampleCluster({ version: '3.6.14' }) })).toMatchObject({
    ETCD_FEATURE_GATES: 'InitialCorruptCheck=true',
  })
  expect(environment({ cluster: sampleCluster({ version: '3.6.14', settings: gates }) })).toMatchObject({
    ETCD_FEATURE_GATES: 'LeaseCheckpoint=true,InitialCorruptCheck=true',
  })
})

test('3.4 gets what 3.5 does by itself, and the v2 API where it is asked for', () => {
  expect(environment({ cluster: sampleCluster({ version: '3.4.23', enableV2: true }) })).toMatchObject({
    ETCD_LOGGER: 'zap',
    ETCD_PRE_VOTE: 'true',
    ETCD_ENABLE_V2: 'true',
  })
  expect(() => environment({ cluster: sampleCluster({ version: '3.6.14', enableV2: true }) })).toFail(
    'cluster-file/no-v2-api-in-this-version',
    { says: '3.6.14' },
  )
})

test("the file's own settings win over defaults, but not over what quorate decides", () => {
  const quieter = sampleCluster({
    settings: { 'auto-compaction-retention': '1h', 'heartbeat-interval': '250' },
  })
  expect(environment({ cluster: quieter })).toMatchObject({
    ETCD_AUTO_COMPACTION_RETENTION: '1h',
    ETCD_HEARTBEAT_INTERVAL: '250',
  })
  for (const flag of ['client-cert-auth', 'initial-cluster-state', 'data-dir', 'enable-v2']) {
    expect(() => environment({ cluster: sampleCluster({ settings: { [flag]: 'x' } }) })).toFail(
      'cluster-file',
      { says: `'${flag}'` },
    )
  }
  expect(() => environment({ cluster: sampleCluster({ settings: { 'heartbeat-intervall': '1' } }) })).toFail(
    'cluster-file/unfit-settings',
    { says: "'heartbeat-interval'" },
  )
})

function gatesFor(text: string): string | undefined {
  const cluster = sampleCluster({ version: '3.6.16', settings: { 'feature-gates': text } })
  return environment({ cluster })['ETCD_FEATURE_GATES']
}

test("the file's feature gates are added to the safeguard, and can't disable it", () => {
  expect(gatesFor('CompactHashCheck=true')).toBe('CompactHashCheck=true,InitialCorruptCheck=true')
  expect(gatesFor('InitialCorruptCheck=1,CompactHashCheck=true')).toBe(
    'CompactHashCheck=true,InitialCorruptCheck=true',
  )
  expect(gatesFor('AllAlpha=false')).toBe('AllAlpha=false,InitialCorruptCheck=true')
  for (const off of ['InitialCorruptCheck=false', 'InitialCorruptCheck =f'])
    expect(() => gatesFor(off)).toFail('cluster-file/unfit-settings', { says: 'InitialCorruptCheck' })
})

test('the v2 API of 3.3 is on unless it is switched off', () => {
  expect(environment({ cluster: sampleCluster({ version: '3.3.25' }) })).toMatchObject({
    ETCD_ENABLE_V2: 'false',
  })
})

test("further listeners are at each node's own address, instead of quorate's own for metrics", () => {
  const settings = {
    'listen-metrics-urls': 'https://{address}:2383,http://127.0.0.1:2381',
    'listen-client-http-urls': 'https://{address}:2384',
  }
  const cluster = sampleCluster({ settings })
  const address = environment({ cluster })['ETCD_INITIAL_ADVERTISE_PEER_URLS']?.replace(
    /^https:\/\/(.*):2380$/,
    '$1',
  )
  expect(address).toBeTruthy()
  expect(environment({ cluster })).toMatchObject({
    ETCD_LISTEN_METRICS_URLS: `https://${address}:2383,http://127.0.0.1:2381`,
    ETCD_LISTEN_CLIENT_HTTP_URLS: `https://${address}:2384`,
  })
  expect(furtherListeners(cluster).map(({ use, port }) => `${use} ${port}`)).toEqual([
    'metrics 2383',
    'metrics 2381',
    'http 2384',
  ])
  expect(furtherListeners(sampleCluster({})).map(({ text, key }) => `${text} ${key}`)).toEqual([
    'http://127.0.0.1:2381 etcd.metrics',
  ])
  for (const none of [{ metrics: 'clients' as const }, { clientPort: 2381 }])
    expect(furtherListeners(sampleCluster(none))).toEqual([])
})

test('metrics for clients alone: nothing listens without TLS for them', () => {
  expect(environment({ cluster: sampleCluster({ metrics: 'clients' }) })).not.toHaveProperty(
    'ETCD_LISTEN_METRICS_URLS',
  )
})

test('the metrics port gives way to a client port of the same number', () => {
  expect(environment({ cluster: sampleCluster({ clientPort: 2381 }) })).not.toHaveProperty(
    'ETCD_LISTEN_METRICS_URLS',
  )
})
