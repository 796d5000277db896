/**
 * etcd's configuration file, read like `embed.ConfigFromFile` does. Its keys differ a little from the flags.
 * Certificates are in two groups, durations are numbers of nanoseconds, lists are lists, and a number isn't accepted as
 * text. Unknown keys are ignored.
 */
import { durationText } from '../spec/go-values.ts'
import { canonicalValue, flagType } from './flag-types.ts'
import { type GoYaml, type GoYamlMap, parseGoYaml } from './go-yaml.ts'
import type { Given, Version } from './reading-flags.ts'

export interface FileReading {
  readonly given: readonly Given[]
  readonly faults: readonly string[]
  /** Keys that etcd ignores, as written; those in a group as `group.key`. */
  readonly passedOver: readonly string[]
  /** The error if it isn't YAML at all. */
  readonly unreadable?: string
}

const CLIENT = 'client-transport-security'
const PEER = 'peer-transport-security'

/** Keys of the TLS groups, and the equivalent flags for clients and for peers. */
const SECURITY: Readonly<Record<string, readonly [client: string | undefined, peer: string | undefined]>> = {
  'ca-file': ['ca-file', 'peer-ca-file'],
  'cert-file': ['cert-file', 'peer-cert-file'],
  'key-file': ['key-file', 'peer-key-file'],
  'client-cert-file': ['client-cert-file', 'peer-client-cert-file'],
  'client-key-file': ['client-key-file', 'peer-client-key-file'],
  'client-cert-auth': ['client-cert-auth', 'peer-client-cert-auth'],
  'trusted-ca-file': ['trusted-ca-file', 'peer-trusted-ca-file'],
  'auto-tls': ['auto-tls', 'peer-auto-tls'],
  // No flag restricts clients by common name, so this name describes the effect.
  'allowed-cn': ['client-cert-allowed-cn', 'peer-cert-allowed-cn'],
  'allowed-hostname': ['client-cert-allowed-hostname', 'peer-cert-allowed-hostname'],
  'skip-client-san-verification': [undefined, 'peer-skip-client-san-verification'],
}

/** The first version whose file has keys that existed as flags before. */
const KEYS_SINCE: Readonly<Record<string, string>> = {
  'allowed-cn': '3.5',
  'allowed-hostname': '3.5',
  'skip-client-san-verification': '3.6',
}

/** Flags that have no key, or a different one. */
const NO_KEY =
  /^(?:config-file|version|(?:client|peer)-crl-file|raft-(?:read|write)-timeout|experimental-snapshot-catchup-entries|socket-reuse-(?:port|address)|discovery-(?:cacert|cert|dial-timeout|endpoints|insecure-.*|keepalive-.*|key|password|request-timeout|token|user))$/

/** Keys that are lists in YAML; other list flags are one text with commas. */
const LISTS: ReadonlySet<string> = new Set([
  'cipher-suites',
  'log-outputs',
  'client-cert-allowed-cn',
  'client-cert-allowed-hostname',
  'peer-cert-allowed-cn',
  'peer-cert-allowed-hostname',
])

/** etcd reads these, but they don't matter for a member that has started before. */
const NOT_READ_HERE: ReadonlySet<string> = new Set(['discovery-config', 'grpc-additional-server-options'])

type Keys = ReadonlyMap<string, string | Keys>

export function readConfigurationFile(text: string, { known, minor }: Version): FileReading {
  const content = parseGoYaml(text)
  if (content instanceof Error)
    return { given: [], faults: [content.message], passedOver: [], unreadable: content.message }
  if (content === null) return { given: [], faults: [], passedOver: [] }
  if (!(content instanceof Map)) return { given: [], faults: ['it is not a map of settings'], passedOver: [] }
  const out = { given: [] as Given[], faults: [] as string[], passedOver: [] as string[], minor }
  readMap(content, keysOf(known, minor), '', out)
  // From 3.6 on, it must not even be empty.
  const isNewer = minor !== undefined && !['3.3', '3.4', '3.5'].includes(minor)
  if (isNewer && content.get(PEER) === null) out.faults.push(`${PEER} must be a map`)
  return out
}

function keysOf(known: ReadonlySet<string>, minor: string | undefined): Keys {
  const keys = new Map<string, string | Keys>()
  const grouped = new Set(Object.values(SECURITY).flat())
  for (const flag of known) if (!NO_KEY.test(flag) && !grouped.has(flag)) keys.set(flag, flag)
  if (known.has('experimental-snapshot-catchup-entries'))
    keys.set('experimental-snapshot-catch-up-entries', 'experimental-snapshot-catchup-entries')
  if (known.has('socket-reuse-port'))
    keys.set(
      'socket-options',
      new Map(['port', 'address'].map((one) => [`reuse-${one}`, `socket-reuse-${one}`])),
    )
  for (const [at, group] of [CLIENT, PEER].entries()) {
    const own = Object.entries(SECURITY).flatMap(([key, flags]): [string, string][] => {
      const flag = flags[at]
      const since = KEYS_SINCE[key]
      if (flag === undefined || (since !== undefined && minor !== undefined && minor < since)) return []
      return known.has(flag) || flag === 'client-cert-allowed-cn' ? [[key, flag]] : []
    })
    keys.set(group, new Map(own))
  }
  return keys
}

interface Out {
  readonly given: Given[]
  readonly faults: string[]
  readonly passedOver: string[]
  readonly minor: string | undefined
}

/** By then, JSON's keys are sorted by bytes, and match in any case; an exact match comes first. */
function readMap(map: GoYamlMap, keys: Keys, path: string, out: Out): void {
  for (const [key, value] of [...map].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = keys.has(key) ? key : [...keys.keys()].find((one) => isInOtherCase(one, key, out.minor))
    const target = name === undefined ? undefined : keys.get(name)
    if (target === undefined) {
      if (!NOT_READ_HERE.has(key)) out.passedOver.push(`${path}${key}`)
    } else if (value === null) continue
    else if (typeof target === 'string') readValue(target, value, `${path}${key}`, out)
    else if (value instanceof Map) readMap(value, target, `${path}${key}.`, out)
    else out.faults.push(`${path}${key} must be a map`)
  }
}

/** 3.6 accepts an older name only if it is spelled exactly. */
function isInOtherCase(name: string, key: string, minor: string | undefined): boolean {
  return name.toLowerCase() === key.toLowerCase() && !(minor === '3.6' && name.startsWith('experimental-'))
}

function readValue(flag: string, value: GoYaml, where: string, out: Out): void {
  const read = valueOf(flag, value, out.minor)
  if (read === undefined) out.faults.push(`${where} is of the wrong type, or out of range`)
  else out.given.push({ flag, value: read })
}

/** undefined: etcd refuses to start. */
function valueOf(flag: string, value: GoYaml, minor: string | undefined): string | undefined {
  const type = flagType(flag)
  if (type === 'boolean') return typeof value === 'boolean' ? String(value) : undefined
  if (LISTS.has(flag)) return listOf(value)
  if (type === 'count' || type === 'integer' || type === 'duration') {
    const number = wholeNumber(value)
    if (number === undefined) return undefined
    if (type !== 'duration') return canonicalValue(flag, String(number))
    return BigInt.asIntN(64, number) === number ? durationText(number) : undefined
  }
  if (typeof value !== 'string') return undefined
  return value === '' ? '' : canonicalValue(flag, value, minor)
}

function listOf(value: GoYaml): string | undefined {
  if (!Array.isArray(value)) return undefined
  const items = value.map((item: GoYaml) => (item === null ? '' : item))
  return items.every((item): item is string => typeof item === 'string') ? items.join(',') : undefined
}

/** As JSON writes it: a float without a fraction is a whole number, unless it needs an exponent. */
function wholeNumber(value: GoYaml): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value !== 'number' || !Number.isInteger(value) || Math.abs(value) >= 1e21) return undefined
  return BigInt(value)
}
