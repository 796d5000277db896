/** Minors of versions that members report, which may be any text. */

/** `3.6` of `3.6.16`, `3.6.0-rc.1` or `3.6`; undefined for anything else. */
export function minorIn(text: string): string | undefined {
  return /^(\d{1,3}\.\d{1,3})(?:[.-]|$)/.exec(text)?.[1]
}

/** Below 0: `a` is the older minor; 0: they are equal. */
export function compareMinors(a: string, b: string): number {
  const [x, y] = [a, b].map((minor) => minor.split('.').map(Number))
  return (x?.[0] ?? 0) - (y?.[0] ?? 0) || (x?.[1] ?? 0) - (y?.[1] ?? 0)
}

/** `3.5` of `3.6`. */
export function minorBefore(minor: string): string {
  const [major, number] = minor.split('.')
  return `${major}.${Number(number) - 1}`
}
