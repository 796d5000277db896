/**
 * Settings, and which of the newest versions start with them and use them: tested on the real ones in
 * `test/lab/etcd-settings.test.ts`.
 */

export const BUILT = ['3.5.35', '3.6.16', '3.7.3'] as const

export interface SettingCase {
  readonly settings: Readonly<Record<string, string>>
  /** Versions of BUILT. */
  readonly starts: readonly string[]
}

const CASES: readonly (readonly [settings: Readonly<Record<string, string>>, starts: readonly string[]])[] = [
  [{}, BUILT],
  [{ logger: 'zap' }, BUILT],
  [{ logger: 'capnslog' }, []],
  [{ 'v2-deprecation': 'not-yet' }, ['3.5.35']],
  [{ 'v2-deprecation': 'gone' }, BUILT],
  [{ 'v2-deprecation': 'write-only-skip-check' }, BUILT],
  [{ 'experimental-max-learners': '2' }, []],
  [{ 'max-learners': '2' }, ['3.6.16', '3.7.3']],
  [{ 'log-level': 'loud' }, []],
  [{ 'log-format': 'console' }, ['3.6.16', '3.7.3']],
  [{ 'log-format': 'xml' }, []],
  [{ metrics: 'extensive' }, BUILT],
  [{ 'auto-compaction-mode': 'never' }, []],
  [{ 'auto-compaction-mode': 'periodic', 'auto-compaction-retention': '1.5h' }, BUILT],
  [{ 'auto-compaction-retention': '8' }, BUILT],
  [{ 'auto-compaction-retention': 'x' }, []],
  [{ 'auto-compaction-retention': '-1' }, []],
  [{ 'tls-min-version': 'TLS1.4' }, []],
  [{ 'tls-min-version': 'TLS1.3', 'tls-max-version': 'TLS1.2' }, []],
  [{ 'cipher-suites': 'ECDHE-RSA-AES128-GCM-SHA256' }, []],
  [{ 'cipher-suites': 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA265' }, []],
  [{ 'cipher-suites': 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_RC4_128_SHA' }, BUILT],
  [{ 'auth-token': 'jwt' }, []],
  [{ 'feature-gates': 'Nope=true' }, []],
  [{ 'feature-gates': 'CompactHashCheck' }, []],
  [{ 'feature-gates': 'CompactHashCheck=yes' }, []],
  [{ 'feature-gates': 'CompactHashCheck=true' }, ['3.6.16', '3.7.3']],
  [{ 'feature-gates': 'PriorityRequest=true' }, ['3.7.3']],
  [{ 'feature-gates': 'LeaseCheckpointPersist=true' }, []],
  [{ 'feature-gates': 'LeaseCheckpointPersist=true,LeaseCheckpoint=true' }, ['3.6.16', '3.7.3']],
  [{ 'feature-gates': 'AllAlpha=true' }, ['3.6.16', '3.7.3']],
  [{ 'feature-gates': 'AllAlpha=true,LeaseCheckpoint=false' }, []],
  [{ 'experimental-enable-lease-checkpoint-persist': 'true' }, []],
  [
    {
      'experimental-enable-lease-checkpoint-persist': 'true',
      'experimental-enable-lease-checkpoint': 'true',
    },
    ['3.5.35', '3.6.16'],
  ],
  [{ 'experimental-compact-hash-check-enabled': 'true', 'feature-gates': 'CompactHashCheck=true' }, []],
  [{ 'experimental-enable-lease-checkpoint': 'true', 'feature-gates': 'LeaseCheckpointPersist=true' }, []],
  [{ 'experimental-corrupt-check-time': '1m' }, ['3.5.35', '3.6.16']],
  [{ 'corrupt-check-time': '1m' }, ['3.6.16', '3.7.3']],
  [{ 'experimental-corrupt-check-time': '1m', 'corrupt-check-time': '1m' }, []],
  [{ 'experimental-compact-hash-check-time': '0s' }, []],
  [{ 'enable-pprof': 'yes' }, []],
  [{ 'enable-pprof': 'T' }, BUILT],
  [{ 'max-snapshots': '-1' }, []],
  [{ 'max-snapshots': '1.5' }, []],
  [{ 'max-snapshots': '08' }, []],
  [{ 'max-snapshots': '0x_10' }, BUILT],
  [{ 'max-snapshots': '1__0' }, []],
  [{ 'max-wals': '18446744073709551616' }, []],
  [{ 'max-concurrent-streams': '4294967296' }, []],
  [{ 'grpc-keepalive-interval': '9999999h' }, []],
  [{ 'grpc-keepalive-interval': '.5h' }, BUILT],
  [{ 'backend-batch-interval': '5' }, []],
  [{ 'backend-batch-interval': '5ms' }, BUILT],
  [{ 'grpc-keepalive-interval': '1d' }, []],
  [{ 'enable-distributed-tracing': 'true', 'distributed-tracing-sampling-rate': '2000000' }, []],
  [{ 'enable-log-rotation': 'true' }, []],
  [{ 'log-outputs': 'stderr' }, BUILT],
  [{ cors: 'nonsense' }, []],
  [{ cors: '*' }, BUILT],
  [{ cors: 'https://example.org' }, []],
  [{ cors: 'https://example.org:443,http://127.0.0.1:80' }, BUILT],
]

export const SETTING_CASES: readonly SettingCase[] = CASES.map(([settings, starts]) => ({ settings, starts }))
