/** A moment as it stands in file names: `20260730T101112Z`. */
export function compactTime(date: Date): string {
  return date.toISOString().replaceAll(/[-:]|\.\d+/g, '')
}
