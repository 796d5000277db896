/**
 * Values with which etcd doesn't start, although it knows the name. They come from `Validate` and the flags' types in
 * etcd's source. Tested on the real 3.5.35, 3.6.16 and 3.7.3: etcd refuses everything that these rules refuse.
 */
import { goDuration } from '../spec/go-values.ts'
import { reservedBecause } from '../spec/reserved-settings.ts'
import { areCipherSuites } from './cipher-suites.ts'
import { type FlagType, canonicalValue, flagType } from './flag-types.ts'
import { minorOf } from './versions.ts'

/** Why etcd doesn't start with this value, and what it accepts. */
export interface ValueFault {
  readonly message: string
  readonly hint: string
}

const CHOICES: Readonly<Record<string, string>> = {
  'auto-compaction-mode': 'periodic revision',
  'log-format': 'json console',
  'log-level': 'debug info warn error dpanic panic fatal',
  'tls-max-version': 'TLS1.2 TLS1.3',
  'tls-min-version': 'TLS1.2 TLS1.3',
}

/** Any other word is a file name in etcd's working directory, which etcd may not write to. */
const LOG_OUTPUT = /^(default|stderr|stdout|systemd\/journal|\/.+)$/

/** With less, a member can't even report its identity, and never becomes ready. */
const FEWEST_BYTES = 4096
const MILLION = 1_000_000

const HINTS: Readonly<Partial<Record<FlagType, string>>> = {
  boolean: 'write true or false',
  count: 'write a whole number',
  integer: 'write a whole number',
  duration: 'write a time with its unit, like 5m or 100ms',
}
/** Checked in relation to each other when the cluster file is read. */
const JUDGED_BY_THE_FILE: ReadonlySet<string> = new Set([
  'heartbeat-interval',
  'election-timeout',
  'quota-backend-bytes',
])

export function valueFault(version: string, name: string, value: string): ValueFault | undefined {
  const plain = name.replace(/^experimental-/, '')
  const say = (hint: string) => ({ message: `etcd ${version} does not start with ${name} '${value}'`, hint })
  // The file can't set what quorate decides: that is refused with its reason.
  if (JUDGED_BY_THE_FILE.has(plain) || reservedBecause(name) !== undefined) return undefined
  const hint = HINTS[flagType(plain)]
  if (hint !== undefined) {
    const read = canonicalValue(plain, value)
    if (read === undefined) return say(hint)
    if (plain === 'compact-hash-check-time' && /^(-|0s)/.test(read)) return say('write more than 0')
    if (plain === 'max-request-bytes' && Number(read) < FEWEST_BYTES)
      return say(`write ${FEWEST_BYTES} or more`)
    if (plain === 'distributed-tracing-sampling-rate' && Number(read) > MILLION)
      return say(`write ${MILLION} or less`)
    return undefined
  }
  const choices = CHOICES[plain]?.split(' ') ?? choicesOf(version, plain)
  if (choices !== undefined) return choices.includes(value) ? undefined : say(oneOf(choices))
  return textFault(plain, value, { minor: minorOf(version), say })
}

interface Context {
  readonly minor: string
  readonly say: (hint: string) => ValueFault
}

function textFault(name: string, value: string, { minor, say }: Context): ValueFault | undefined {
  switch (name) {
    case 'auto-compaction-retention':
      return /^\d+$/.test(value) || goDuration(value) !== undefined
        ? undefined
        : say('write hours, or a time like 30m')
    case 'auth-token':
      return /^(simple|jwt,.+)$/.test(value) ? undefined : say('write simple, or jwt with its options')
    case 'cipher-suites':
      return areCipherSuites(value)
        ? undefined
        : say("write Go's names, like TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
    case 'cors':
      return canonicalValue(name, value, minor) === undefined
        ? say('write *, or URLs with their ports, like https://example.org:443')
        : undefined
    case 'log-output':
    case 'log-outputs':
      return value.split(',').every((one) => LOG_OUTPUT.test(one))
        ? undefined
        : say('write stderr, stdout, systemd/journal, or the path of a file that etcd may write')
    default:
      return undefined
  }
}

/** Allowed words that differ between versions; undefined: any value is allowed. */
function choicesOf(version: string, name: string): readonly string[] | undefined {
  const minor = minorOf(version)
  const old = minor === '3.3' || minor === '3.4'
  if (name === 'logger') return old ? ['zap', 'capnslog'] : ['zap']
  if (name !== 'v2-deprecation') return undefined
  // 3.5.32 and 3.6.13 also accept write-only-skip-check, which is for a single start.
  const choices = ['write-only', 'write-only-skip-check', 'write-only-drop-data', 'gone']
  return minor === '3.5' ? ['not-yet', ...choices] : choices
}

function oneOf(choices: readonly string[]): string {
  const [only] = choices
  return choices.length === 1 ? `remove it, or write ${only}` : `write one of ${choices.join(', ')}`
}
