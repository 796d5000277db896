/** Figures as people read them. */

/** `1.5 GiB`, `960 MiB`, `20 KiB`. */
export function formatBytes(bytes: number): string {
  const gibibytes = bytes / 1024 ** 3
  if (gibibytes >= 1) return `${trimZero(gibibytes.toFixed(1))} GiB`
  if (bytes > 0 && bytes < 1024 ** 2) return `${Math.ceil(bytes / 1024)} KiB`
  return `${Math.round(bytes / 1024 ** 2)} MiB`
}

/** `0.31 ms`, `12.4 ms`, `3.2 s`, `5 min`. Takes milliseconds, of either sign. */
export function formatDuration(ms: number): string {
  const size = Math.abs(ms)
  if (size < 1) return `${ms.toFixed(2)} ms`
  if (size < 1000) return `${trimZero(ms.toFixed(1))} ms`
  if (size < 120_000) return `${trimZero((ms / 1000).toFixed(1))} s`
  if (size < 2 * 3_600_000) return `${Math.round(ms / 60_000)} min`
  if (size < 2 * 86_400_000) return `${Math.round(ms / 3_600_000)} h`
  return `${Math.round(ms / 86_400_000)} days`
}

function trimZero(text: string): string {
  return text.replace(/\.0$/, '')
}
