/**
 * The type of each of etcd's flags, as its source declares it (`embed/config.go`, `etcdmain/config.go` of 3.3, 3.5, 3.6
 * and 3.7). A flag keeps its type in every version, even if it loses its `experimental-` prefix.
 */
import { durationText, goBoolean, goCount, goDuration, goInteger } from '../spec/go-values.ts'

export type FlagType = 'boolean' | 'count' | 'integer' | 'duration' | 'urls' | 'list' | 'choice' | 'text'

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** Flags by type, without `experimental-`. All others are text. */
const NAMES: Readonly<Record<Exclude<FlagType, 'choice' | 'text'>, readonly string[]>> = {
  boolean: words(`
    auto-tls client-cert-auth compact-hash-check-enabled debug discovery-insecure-skip-tls-verify
    discovery-insecure-transport enable-distributed-tracing enable-grpc-gateway enable-lease-checkpoint
    enable-lease-checkpoint-persist enable-log-rotation enable-pprof enable-v2 force-new-cluster
    initial-corrupt-check initial-election-tick-advance memory-mlock peer-auto-tls peer-client-cert-auth
    peer-skip-client-san-verification pre-vote socket-reuse-address socket-reuse-port
    stop-grpc-service-on-defrag strict-reconfig-check txn-mode-write-with-shared-buffer unsafe-no-fsync version`),
  count: words(`
    auth-token-ttl bcrypt-cost bootstrap-defrag-threshold-megabytes election-timeout heartbeat-interval
    max-concurrent-streams max-request-bytes max-snapshots max-txn-ops max-wals proxy-dial-timeout
    proxy-failure-wait proxy-read-timeout proxy-refresh-interval proxy-write-timeout self-signed-cert-validity
    snapshot-catchup-entries snapshot-count`),
  integer: words(`
    backend-batch-limit compaction-batch-limit distributed-tracing-sampling-rate max-learners
    quota-backend-bytes`),
  duration: words(`
    backend-batch-interval compact-hash-check-time compaction-sleep-interval corrupt-check-time
    discovery-dial-timeout discovery-keepalive-time discovery-keepalive-timeout discovery-request-timeout
    downgrade-check-time grpc-keepalive-interval grpc-keepalive-min-time grpc-keepalive-timeout
    raft-read-timeout raft-write-timeout warning-apply-duration warning-unary-request-duration
    watch-progress-notify-interval`),
  urls: words(`
    advertise-client-urls cors initial-advertise-peer-urls listen-client-http-urls listen-client-urls
    listen-metrics-urls listen-peer-urls`),
  list: words(`
    cipher-suites client-cert-allowed-hostname discovery-endpoints host-whitelist log-outputs
    peer-cert-allowed-cn peer-cert-allowed-hostname`),
}

/**
 * Flags that accept one of these words. `v2-deprecation` accepts several, and different ones in each minor: see
 * `setting-values.ts`.
 */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  'discovery-fallback': ['exit', 'proxy'],
  'initial-cluster-state': ['new', 'existing'],
  proxy: ['off', 'readonly', 'on'],
}

const TYPES: ReadonlyMap<string, FlagType> = new Map([
  ...(Object.keys(NAMES) as (keyof typeof NAMES)[]).flatMap((type) =>
    NAMES[type].map((name): [string, FlagType] => [name, type]),
  ),
  ...Object.keys(CHOICES).map((name): [string, FlagType] => [name, 'choice']),
])

export function flagType(name: string): FlagType {
  return TYPES.get(name.replace(/^experimental-/, '')) ?? 'text'
}

/**
 * A value of a flag or a variable in quorate's normalized form: `true` for `T`, `256` for `0x100`, `1h30m` for `90m`.
 *
 * @param minor only matters for `cors`: 3.3 accepts any value
 * @returns undefined if etcd refuses to start with it
 */
export function canonicalValue(name: string, text: string, minor?: string): string | undefined {
  if (name === 'cors' && minor === '3.3') return text
  switch (flagType(name)) {
    case 'boolean':
      return goBoolean(text)?.toString()
    case 'count':
      return goCount(text, name === 'max-concurrent-streams' ? 32 : 64)?.toString()
    case 'integer':
      return goInteger(text)?.toString()
    case 'duration': {
      const ns = goDuration(text)
      return ns === undefined ? undefined : durationText(ns)
    }
    case 'urls':
      return canonicalUrls(name, text)
    case 'choice':
      return CHOICES[name]?.includes(text) === true ? text : undefined
    default:
      return text
  }
}

/** Whether two texts of one flag mean the same to etcd: `True` and `true`, `5m` and `300s`, URLs in another order. */
export function readAlike(name: string, one: string, other: string): boolean {
  if (one === other) return true
  const [value, second] = [one, other].map((text) => {
    const read = canonicalValue(name, text)
    return flagType(name) === 'urls' ? read?.split(',').toSorted().join() : read
  })
  return value !== undefined && value === second
}

/**
 * Separated by commas, optionally with blanks; `cors` also accepts a star. etcd sorts them, so their order has no
 * meaning.
 */
function canonicalUrls(name: string, text: string): string | undefined {
  if (text === '' && name !== 'cors') return text
  if (text === '*' && name === 'cors') return text
  const urls = text.split(',').map((url) => url.trim())
  return urls.every((url) => /^(https?:\/\/[^/?#]*:[^/?#:\]]*$|unixs?:)/i.test(url))
    ? urls.join(',')
    : undefined
}
