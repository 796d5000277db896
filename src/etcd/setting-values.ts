/**
 * Values with which etcd does not start, though it knows the name. From `Validate` and the flags' types in etcd's source,
 * tried on the real 3.5.35, 3.6.16 and 3.7.3: what is refused here is refused there.
 */
import { areCipherSuites } from './cipher-suites.ts'
import { minorOf } from './versions.ts'

/** Why etcd does not start with this value, and what it takes. */
export interface ValueFault {
  readonly message: string
  readonly hint: string
}

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** Names without `experimental-`: a flag keeps its type when it graduates. */
const BOOLEANS = words(`
  compact-hash-check-enabled debug enable-distributed-tracing enable-grpc-gateway enable-lease-checkpoint
  enable-lease-checkpoint-persist enable-log-rotation enable-pprof initial-election-tick-advance memory-mlock
  peer-skip-client-san-verification pre-vote socket-reuse-address socket-reuse-port stop-grpc-service-on-defrag
  txn-mode-write-with-shared-buffer unsafe-no-fsync`)

const DURATIONS = words(`
  backend-batch-interval compact-hash-check-time compaction-sleep-interval corrupt-check-time downgrade-check-time
  grpc-keepalive-interval grpc-keepalive-min-time grpc-keepalive-timeout raft-read-timeout raft-write-timeout
  warning-apply-duration warning-unary-request-duration watch-progress-notify-interval`)

const COUNTS = words(`
  auth-token-ttl bcrypt-cost bootstrap-defrag-threshold-megabytes max-concurrent-streams max-request-bytes
  max-snapshots max-txn-ops max-wals self-signed-cert-validity snapshot-catchup-entries snapshot-count`)

const INTEGERS = words(
  'backend-batch-limit compaction-batch-limit distributed-tracing-sampling-rate max-learners',
)

const CHOICES: Readonly<Record<string, string>> = {
  'auto-compaction-mode': 'periodic revision',
  'log-format': 'json console',
  'log-level': 'debug info warn error dpanic panic fatal',
  'tls-max-version': 'TLS1.2 TLS1.3',
  'tls-min-version': 'TLS1.2 TLS1.3',
}

/** What Go reads as these. */
const BOOLEAN = /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/
const DURATION = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/
const COUNT = /^(0|[1-9][\d_]*|0[xbo]?[\da-f_]+)$/i
const INTEGER = /^[-+]?(0|[1-9][\d_]*|0[xbo]?[\da-f_]+)$/i

/** Another word is the name of a file in etcd's working directory, which it may not write. */
const LOG_OUTPUT = /^(default|stderr|stdout|systemd\/journal|\/.+)$/

/** With few, a member can't even say who it is, and never gets ready. */
const FEWEST_BYTES = 4096
const MILLION = 1_000_000

/** `heartbeat-interval`, `election-timeout` and `quota-backend-bytes` are judged where the cluster file is read. */
export function valueFault(version: string, name: string, value: string): ValueFault | undefined {
  const plain = name.replace(/^experimental-/, '')
  const say = (hint: string) => ({ message: `etcd ${version} does not start with ${name} '${value}'`, hint })
  if (BOOLEANS.has(plain)) return BOOLEAN.test(value) ? undefined : say('write true or false')
  if (DURATIONS.has(plain)) {
    if (!DURATION.test(value)) return say('write a time with its unit, like 5m or 100ms')
    return plain === 'compact-hash-check-time' && !/[1-9]/.test(value) ? say('write more than 0') : undefined
  }
  if (COUNTS.has(plain)) {
    if (!COUNT.test(value)) return say('write a whole number')
    const tooFew = plain === 'max-request-bytes' && Number(value) < FEWEST_BYTES
    return tooFew ? say(`write ${FEWEST_BYTES} or more`) : undefined
  }
  if (INTEGERS.has(plain)) {
    if (!INTEGER.test(value)) return say('write a whole number')
    const tooMuch = plain === 'distributed-tracing-sampling-rate' && Number(value) > MILLION
    return tooMuch ? say(`write ${MILLION} or less`) : undefined
  }
  const choices = CHOICES[plain]?.split(' ') ?? choicesOf(version, plain)
  if (choices !== undefined) return choices.includes(value) ? undefined : say(oneOf(choices))
  return textFault(plain, value, say)
}

function textFault(name: string, value: string, say: (hint: string) => ValueFault): ValueFault | undefined {
  switch (name) {
    case 'auto-compaction-retention':
      return /^\d+$/.test(value) || DURATION.test(value) ? undefined : say('write hours, or a time like 30m')
    case 'auth-token':
      return /^(simple|jwt,.+)$/.test(value) ? undefined : say('write simple, or jwt with its options')
    case 'cipher-suites':
      return areCipherSuites(value)
        ? undefined
        : say("write Go's names, like TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
    case 'cors':
      return value.split(',').every((one) => one === '*' || /^[a-z]+:\/\//.test(one))
        ? undefined
        : say('write *, or URLs like https://example.org')
    case 'log-output':
    case 'log-outputs':
      return value.split(',').every((one) => LOG_OUTPUT.test(one))
        ? undefined
        : say('write stderr, stdout, systemd/journal, or the path of a file that etcd may write')
    default:
      return undefined
  }
}

/** Choices that differ between versions; undefined: it is not a matter of choice. */
function choicesOf(version: string, name: string): readonly string[] | undefined {
  const minor = minorOf(version)
  const old = minor === '3.3' || minor === '3.4'
  if (name === 'logger') return old ? ['zap', 'capnslog'] : ['zap']
  if (name !== 'v2-deprecation') return undefined
  // 3.5.32 and 3.6.13 also know write-only-skip-check, which is for a single start.
  const choices = ['write-only', 'write-only-skip-check', 'write-only-drop-data', 'gone']
  return minor === '3.5' ? ['not-yet', ...choices] : choices
}

function oneOf(choices: readonly string[]): string {
  const [only] = choices
  return choices.length === 1 ? `remove it, or write ${only}` : `write one of ${choices.join(', ')}`
}
