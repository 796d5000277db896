/** A time as used in file names: `20260730T101112Z`. */
export function compactTime(date: Date): string {
  return date.toISOString().replaceAll(/[-:]|\.\d+/g, '')
}
