/**
 * The flags that each minor version of etcd knows, as data. Every flag `x-y` is also the environment variable
 * `ETCD_X_Y`. A variable that etcd doesn't know only causes a warning in its log, so an outdated name would silently
 * switch a safeguard off. `config-file` and `version` are deliberately left out: they make etcd ignore everything else.
 *
 * Measured: every name was put into the environment of the real binaries, and those that etcd reported as unrecognized
 * are left out. The binaries: 3.3.25, 3.4.23, 3.5.16, 3.5.30 as Debian builds them; 3.5.35, 3.6.16 and 3.7.3 of etcd's
 * own source. Conversely, 3.5.35, 3.6.16 and 3.7.3 have no flag in their source that is missing in this list.
 */

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

interface MinorFlags {
  readonly minor: string
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** `--experimental-X` of 3.5, which is `--X` in 3.6 (both work in 3.6; 3.7 only knows the new name). */
const GRADUATED = words(`
  bootstrap-defrag-threshold-megabytes compact-hash-check-time compaction-batch-limit compaction-sleep-interval
  corrupt-check-time distributed-tracing-address distributed-tracing-instance-id distributed-tracing-sampling-rate
  distributed-tracing-service-name downgrade-check-time enable-distributed-tracing max-learners memory-mlock
  peer-skip-client-san-verification snapshot-catchup-entries warning-apply-duration
  warning-unary-request-duration watch-progress-notify-interval`)

const V2_PROXY = words(
  'proxy proxy-dial-timeout proxy-failure-wait proxy-read-timeout proxy-refresh-interval proxy-write-timeout',
)

const FLAGS_3_3 = words(`
  advertise-client-urls auth-token auth-token-ttl auto-compaction-mode auto-compaction-retention auto-tls ca-file
  cert-file cipher-suites client-cert-auth client-crl-file cors data-dir debug discovery discovery-fallback
  discovery-proxy discovery-srv election-timeout enable-pprof enable-v2 experimental-corrupt-check-time
  experimental-enable-v2v3 experimental-initial-corrupt-check experimental-peer-skip-client-san-verification
  force-new-cluster grpc-keepalive-interval grpc-keepalive-min-time grpc-keepalive-timeout heartbeat-interval
  initial-advertise-peer-urls initial-cluster initial-cluster-state initial-cluster-token
  initial-election-tick-advance key-file listen-client-urls listen-metrics-urls listen-peer-urls log-output
  log-package-levels max-request-bytes max-snapshots max-txn-ops max-wals metrics name peer-auto-tls peer-ca-file
  peer-cert-allowed-cn peer-cert-file peer-client-cert-auth peer-crl-file peer-key-file peer-trusted-ca-file
  quota-backend-bytes snapshot-count strict-reconfig-check trusted-ca-file wal-dir
  ${V2_PROXY.join(' ')}`)

/** What each minor adds and removes, compared with the previous one, oldest first. */
const HISTORY: readonly MinorFlags[] = [
  { minor: '3.3', added: FLAGS_3_3, removed: [] },
  {
    minor: '3.4',
    added: words(`
      backend-batch-interval backend-batch-limit bcrypt-cost client-cert-allowed-hostname discovery-srv-name
      enable-grpc-gateway experimental-backend-bbolt-freelist-type experimental-compaction-batch-limit
      experimental-enable-lease-checkpoint experimental-enable-lease-checkpoint-persist
      experimental-warning-apply-duration experimental-watch-progress-notify-interval host-whitelist log-level
      log-outputs logger max-concurrent-streams peer-cert-allowed-hostname pre-vote unsafe-no-fsync`),
    removed: words('ca-file peer-ca-file'),
  },
  {
    minor: '3.5',
    added: words(`
      backend-bbolt-freelist-type client-cert-file client-key-file enable-log-rotation
      experimental-bootstrap-defrag-threshold-megabytes experimental-compact-hash-check-enabled
      experimental-compact-hash-check-time experimental-compaction-sleep-interval
      experimental-distributed-tracing-address experimental-distributed-tracing-instance-id
      experimental-distributed-tracing-sampling-rate experimental-distributed-tracing-service-name
      experimental-downgrade-check-time experimental-enable-distributed-tracing experimental-memory-mlock
      experimental-snapshot-catchup-entries experimental-stop-grpc-service-on-defrag
      experimental-txn-mode-write-with-shared-buffer listen-client-http-urls log-rotation-config-json
      peer-client-cert-file peer-client-key-file raft-read-timeout raft-write-timeout self-signed-cert-validity
      socket-reuse-address socket-reuse-port tls-max-version tls-min-version v2-deprecation`),
    removed: words('debug experimental-backend-bbolt-freelist-type log-output log-package-levels'),
  },
  {
    minor: '3.6',
    added: [
      ...GRADUATED,
      ...words(`
        discovery-cacert discovery-cert discovery-dial-timeout discovery-endpoints
        discovery-insecure-skip-tls-verify discovery-insecure-transport discovery-keepalive-time
        discovery-keepalive-timeout discovery-key discovery-password discovery-request-timeout discovery-token
        discovery-user experimental-warning-unary-request-duration feature-gates log-format`),
    ],
    removed: ['enable-v2', 'experimental-enable-v2v3', ...V2_PROXY],
  },
  {
    minor: '3.7',
    added: [],
    // And every --experimental-*, see below. `discovery` and `discovery-proxy` were v2 discovery.
    removed: words('discovery discovery-proxy'),
  },
]

/** The flags of a minor such as `3.5`, sorted, without dashes; undefined for a minor that isn't in the data. */
export function flagsOfMinor(minor: string): readonly string[] | undefined {
  return FLAGS.get(minor)
}

const FLAGS: ReadonlyMap<string, readonly string[]> = flagsByMinor()

function flagsByMinor(): Map<string, readonly string[]> {
  const flags = new Set<string>()
  const byMinor = new Map<string, readonly string[]>()
  for (const step of HISTORY) {
    for (const flag of step.added) flags.add(flag)
    for (const flag of step.removed) flags.delete(flag)
    if (step.minor === '3.7') {
      for (const flag of flags) if (flag.startsWith('experimental-')) flags.delete(flag)
    }
    byMinor.set(step.minor, [...flags].sort())
  }
  return byMinor
}

/** Minors in the data, oldest first. */
export const MINORS: readonly string[] = HISTORY.map((step) => step.minor)

/** Flags that were added within a minor: the first patch of 3.4 and 3.5 that knows them, from etcd's changelogs. */
export const FLAG_SINCE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '3.5': { 'listen-client-http-urls': '3.5.8', 'tls-min-version': '3.5.8', 'tls-max-version': '3.5.8' },
}

/** Pairs of names for one setting, older first. If only the other name is valid, it is suggested. */
export const RENAMES: readonly (readonly [older: string, newer: string])[] = [
  ...GRADUATED.map((flag) => [`experimental-${flag}`, flag] as const),
  ['experimental-backend-bbolt-freelist-type', 'backend-bbolt-freelist-type'],
  ['log-output', 'log-outputs'],
  ['ca-file', 'trusted-ca-file'],
  ['peer-ca-file', 'peer-trusted-ca-file'],
]

/** The feature gates of each minor that has them. etcd doesn't start with any other name. */
export const GATES: Readonly<Record<string, readonly string[]>> = gatesByMinor()

/** `AllAlpha` and `AllBeta` set all gates of that stage that are not set by name. */
function gatesByMinor(): Record<string, readonly string[]> {
  const first = words(`
    AllAlpha AllBeta CompactHashCheck InitialCorruptCheck LeaseCheckpoint LeaseCheckpointPersist SetMemberLocalAddr
    StopGRPCServiceOnDefrag TxnModeWriteWithSharedBuffer`)
  return { '3.6': first, '3.7': [...first, 'FastLeaseKeepAlive', 'PriorityRequest'] }
}

/** Flags of 3.5 that are feature gates from 3.6 on: `--feature-gates=Name=true`. */
export const FEATURE_GATES: Readonly<Record<string, string>> = {
  'experimental-compact-hash-check-enabled': 'CompactHashCheck',
  'experimental-initial-corrupt-check': 'InitialCorruptCheck',
  'experimental-enable-lease-checkpoint': 'LeaseCheckpoint',
  'experimental-enable-lease-checkpoint-persist': 'LeaseCheckpointPersist',
  'experimental-stop-grpc-service-on-defrag': 'StopGRPCServiceOnDefrag',
  'experimental-txn-mode-write-with-shared-buffer': 'TxnModeWriteWithSharedBuffer',
}
