/** Formats sizes, times and counts for people. All output uses these functions. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/**
 * `20 KiB`, `20.5 MiB`, `960 MiB`, `1.25 GiB`: three significant digits, without trailing zeros. KiB are rounded up;
 * infinity is `no limit`.
 */
export function formatBytes(bytes: number): string {
  if (bytes === Infinity) return 'no limit'
  if (bytes === 0) return '0 MiB'
  let power = Math.max(1, Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10)))
  // A value that would round to 1024 becomes 1 of the next unit.
  if (Math.round(bytes / 1024 ** power) === 1024 && power < UNITS.length - 1) power += 1
  const value = bytes / 1024 ** power
  const text = power === 1 ? String(Math.ceil(value)) : threeDigits(value)
  return `${text} ${UNITS[power]}`
}

function threeDigits(value: number): string {
  const after = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
  return trimZeros(value.toFixed(after))
}

/** `0.31 ms`, `12.4 ms`, `3.2 s`, `5 min`. Takes milliseconds, of either sign. */
export function formatDuration(ms: number): string {
  const size = Math.abs(ms)
  if (size < 1) return `${ms.toFixed(2)} ms`
  if (size < 1000) return `${trimZeros(ms.toFixed(1))} ms`
  if (size < 120_000) return `${trimZeros((ms / 1000).toFixed(1))} s`
  if (size < 2 * 3_600_000) return `${Math.round(ms / 60_000)} min`
  if (size < 2 * 86_400_000) return `${Math.round(ms / 3_600_000)} h`
  return counted(Math.round(ms / 86_400_000), 'day')
}

/** `1 step`, `2 steps`, `0 entries`: used for every count that may be one. */
export function counted(number: number | bigint, one: string, many = `${one}s`): string {
  return `${number} ${plural(number, one, many)}`
}

/** Only the word, if the number is elsewhere: `is` or `are`. */
export function plural(number: number | bigint, one: string, many: string): string {
  return Number(number) === 1 ? one : many
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
