/** Parses values like Go's `strconv` and `time`: what etcd accepts as a boolean, a number, a duration. */

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

/** `strconv.ParseBool`; undefined: it returns an error. */
export function goBoolean(text: string): boolean | undefined {
  if (TRUE.has(text)) return true
  return FALSE.has(text) ? false : undefined
}

/** Bases by their prefix; a single leading zero also means octal. Underscores separate digits. */
const INTEGER =
  /^(?<sign>[-+]?)(?:0x(?<hex>(?:_?[\da-f])+)|0b(?<binary>(?:_?[01])+)|(?:0o|0)(?<octal>(?:_?[0-7])+)|(?<decimal>0|[1-9](?:_?\d)*))$/i

/**
 * `strconv.ParseInt` with base 0; undefined: it returns an error, also for a value that needs more than this many bits.
 */
export function goInteger(text: string, bits = 64): bigint | undefined {
  const groups = INTEGER.exec(text)?.groups
  // Longer than 64 binary digits with separators: too large, and slow to parse.
  if (groups === undefined || text.length > 200) return undefined
  const { sign, hex, binary, octal, decimal } = groups
  const digits = (
    hex === undefined
      ? binary === undefined
        ? octal === undefined
          ? (decimal ?? '')
          : `0o${octal}`
        : `0b${binary}`
      : `0x${hex}`
  ).replaceAll('_', '')
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits)
  return BigInt.asIntN(bits, value) === value ? value : undefined
}

/** `strconv.ParseUint` with base 0: it accepts no sign. */
export function goCount(text: string, bits = 64): bigint | undefined {
  if (/^[-+]/.test(text)) return undefined
  const value = goInteger(text, bits + 1)
  return value !== undefined && BigInt.asUintN(bits, value) === value ? value : undefined
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  // The micro sign, and the Greek letter.
  '\u00B5s': 1_000n,
  '\u03BCs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const PART = /(?<whole>\d*)(?:\.(?<fraction>\d*))?(?<unit>ns|us|\u00B5s|\u03BCs|ms|s|m|h)/y

/** `time.ParseDuration`, in ns; undefined: it returns an error. */
export function goDuration(text: string): bigint | undefined {
  const [, sign, parts = ''] = /^([-+]?)([^]*)$/.exec(text) ?? []
  if (parts === '0') return 0n
  if (parts === '' || parts.length > 200) return undefined
  let total = 0n
  let position = 0
  while (position < parts.length) {
    PART.lastIndex = position
    const groups = PART.exec(parts)?.groups
    if (groups === undefined) return undefined
    const { whole = '', fraction = '', unit = '' } = groups
    if (whole === '' && fraction === '') return undefined
    const size = UNITS[unit] ?? 0n
    total += BigInt(whole || 0) * size + (BigInt(fraction || 0) * size) / 10n ** BigInt(fraction.length)
    position = PART.lastIndex
  }
  const value = sign === '-' ? -total : total
  return BigInt.asIntN(64, value) === value ? value : undefined
}

const SIZES = ['h', 'm', 's', 'ms', 'us', 'ns'] as const

/** A duration in ns as whole units: `5m`, `1h30m`, `0s`. */
export function durationText(ns: bigint): string {
  let left = ns < 0n ? -ns : ns
  const parts = SIZES.flatMap((unit) => {
    const size = UNITS[unit] ?? 1n
    const count = left / size
    left %= size
    return count === 0n ? [] : [`${count}${unit}`]
  })
  return `${ns < 0n ? '-' : ''}${parts.join('') || '0s'}`
}
