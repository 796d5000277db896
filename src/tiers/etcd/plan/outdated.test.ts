import { expect, test } from 'vitest'
import { UNIT_MARK } from '../../../etcd/unit-file.ts'
import { etcdNodes } from '../../../spec/cluster.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { closedUrls, restartReasons } from './outdated.ts'
import { memberFiles } from './member-files.ts'
import { CLUSTER_ID, TOKEN, demanding, settledWorld, stopped, testCluster } from './testing.ts'

const cluster = testCluster()
const situation = { kind: 'established', token: TOKEN, clusterId: CLUSTER_ID, settled: true } as const

/** Why etcd01, which runs as in `runs` or also has this environment, doesn't match `wanted`. */
function reasons(
  wanted: Cluster,
  environment: Readonly<Record<string, string | undefined>> = {},
  runs = cluster,
): readonly string[] {
  const [node] = etcdNodes(wanted)
  const state = settledWorld(runs).hosts['etcd01']?.member
  if (node === undefined || state === undefined) throw new TypeError('no etcd01')
  const changed = Object.entries({ ...state.unit.environment, ...environment })
  const running = Object.fromEntries(
    changed.filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  const member = { ...state, unit: { ...state.unit, environment: running } }
  return restartReasons(wanted, member, memberFiles(wanted, demanding(wanted, node), situation, member))
}

test('a process that was started as the cluster file says needs nothing', () => {
  expect(reasons(cluster)).toEqual([])
  // systemd's own variables, and those that aren't etcd's.
  expect(reasons(cluster, { INVOCATION_ID: 'f00', NOTIFY_SOCKET: '/run/systemd/notify' })).toEqual([])
})

test('a setting that etcd reads alike needs no restart', () => {
  const wanted = testCluster(undefined, {
    settings: { 'pre-vote': 'true', 'heartbeat-interval': '100', 'grpc-keepalive-interval': '5m' },
  })
  const running = {
    ETCD_PRE_VOTE: 'True',
    ETCD_HEARTBEAT_INTERVAL: '0x64',
    ETCD_GRPC_KEEPALIVE_INTERVAL: '300s',
    ETCD_CLIENT_CERT_AUTH: '1',
  }
  expect(reasons(wanted, running)).toEqual([])
  expect(reasons(wanted, { ...running, ETCD_PRE_VOTE: 'f' })).toEqual([
    'with ETCD_PRE_VOTE=f instead of true',
  ])
})

test('a configuration file in addition is a reason: etcd would read nothing else', () => {
  expect(reasons(cluster, { ETCD_CONFIG_FILE: '/etc/etcd/etcd.yaml' })).toEqual([
    expect.stringContaining(' ETCD_CONFIG_FILE=/etc/etcd/etcd.yaml,'),
  ])
})

test('members ignore whom they were to find at their first start', () => {
  const first = {
    ETCD_INITIAL_CLUSTER: 'x',
    ETCD_INITIAL_CLUSTER_STATE: 'new',
    ETCD_INITIAL_CLUSTER_TOKEN: 'y',
  }
  expect(reasons(cluster, first)).toEqual([])
})

test.each<[string, Parameters<typeof testCluster>[1], readonly string[]]>([
  ['a setting more', { settings: { 'heartbeat-interval': '200' } }, ['without ETCD_HEARTBEAT_INTERVAL=200']],
  [
    'a quota',
    { settings: { 'quota-backend-bytes': '4294967296' } },
    ['without ETCD_QUOTA_BACKEND_BYTES=4294967296'],
  ],
  [
    'a default overruled',
    { settings: { 'auto-compaction-retention': '1h' } },
    ['with ETCD_AUTO_COMPACTION_RETENTION=8h instead of 1h'],
  ],
  [
    'plaintext on loopback',
    { localPlaintext: true },
    [
      expect.stringMatching(
        /^with ETCD_LISTEN_CLIENT_URLS=.*https:\/\/127\.0\.0\.1:2379 instead of .*http:\/\/127/,
      ),
    ],
  ],
  [
    'the peer port',
    { peerPort: 4380 },
    [
      expect.stringContaining('ETCD_INITIAL_ADVERTISE_PEER_URLS'),
      expect.stringContaining('ETCD_LISTEN_PEER_URLS'),
    ],
  ],
  [
    'the client port',
    { clientPort: 4379 },
    [
      expect.stringContaining('ETCD_ADVERTISE_CLIENT_URLS'),
      expect.stringContaining('ETCD_LISTEN_CLIENT_URLS'),
    ],
  ],
])('%s in the cluster file', (_what, etcd, expected) => {
  expect(reasons(testCluster({}, etcd))).toEqual(expected)
})

test('a URL without TLS that is about to close is seen behind a blank, too', () => {
  const node = etcdNodes(cluster)[0]
  const state = settledWorld(cluster).hosts['etcd01']?.member
  if (node === undefined || state === undefined) throw new TypeError('no etcd01')
  const environment = { ETCD_LISTEN_CLIENT_URLS: 'https://10.0.0.1:2379, http://10.0.0.1:2379' }
  const member = { ...state, unit: { ...state.unit, environment } }
  const files = memberFiles(cluster, demanding(cluster, node), situation, member)
  expect(closedUrls(member, files)).toEqual(['http://10.0.0.1:2379'])
})

test('separate certificates: other files, read at the start', () => {
  const pki = { ...cluster.pki, layout: 'separate' } as const
  expect(reasons(testCluster({ pki }))).toHaveLength(4)
})

test('a new name, a new address', () => {
  const [first, ...others] = cluster.nodes
  const renamed = testCluster({ nodes: [{ ...first!, name: 'node-a' }, ...others] })
  expect(reasons(renamed)).toEqual(['with ETCD_NAME=etcd01 instead of node-a'])
  const moved = testCluster({ nodes: [{ ...first!, address: '10.0.0.1' }, ...others] })
  expect(reasons(moved)).toHaveLength(4)
})

test('a setting that it was started with by hand is removed, and a missing one is restored', () => {
  expect(reasons(cluster, { ETCD_LOG_LEVEL: 'debug' })).toEqual([
    expect.stringContaining(' ETCD_LOG_LEVEL=debug,'),
  ])
  expect(reasons(cluster, { ETCD_STRICT_RECONFIG_CHECK: undefined })).toEqual([
    'without ETCD_STRICT_RECONFIG_CHECK=true',
  ])
  // To etcd, an empty value means unset.
  expect(reasons(cluster, { ETCD_LOG_LEVEL: '' })).toEqual([])
})

test('another unit, and a process from before there was a mark', () => {
  expect(reasons(cluster, { [UNIT_MARK]: 'of an older text' })).toEqual([expect.stringContaining('unit')])
  expect(reasons(cluster, { [UNIT_MARK]: undefined })).toEqual([expect.stringContaining('unit')])
})

test('nothing of the files on the disk, edited or not, makes a restart: the process alone counts', () => {
  const state = settledWorld(cluster).hosts['etcd01']?.member
  const files = memberFiles(cluster, demanding(cluster, cluster.nodes[0]!), situation, state)
  expect(restartReasons(cluster, { ...state!, contents: {} }, files)).toEqual([])
})

test('a member that does not run needs a start, and no restart', () => {
  const state = settledWorld(cluster).hosts['etcd01']!.member!
  const wanted = testCluster({}, { settings: { 'heartbeat-interval': '200' } })
  const files = memberFiles(wanted, wanted.nodes[0]!, situation, state)
  expect(restartReasons(wanted, { ...state, ...stopped(state) }, files)).toEqual([])
})

test('a process that systemd has just made, and etcd not yet taken over', () => {
  const state = settledWorld(cluster).hosts['etcd01']!.member!
  const files = memberFiles(cluster, demanding(cluster, cluster.nodes[0]!), situation, state)
  const raw = { ...state, unit: { ...state.unit, environment: { PATH: '/bin' } } }
  expect(restartReasons(cluster, raw, files)).toHaveLength(1)
})
