/** Reports progress in hundredths, however often it is called. */
import type { Emit, RunEvent } from './events.ts'

type Progress = Extract<RunEvent, { readonly type: 'progress' }>

/** Returns a function to call with the amount done so far. */
export function progressOf(
  emit: Emit,
  { text, unit, total }: Pick<Progress, 'text' | 'unit' | 'total'>,
): (done: number) => void {
  let reported = -1
  return (done) => {
    const hundredths = total === 0 ? 100 : Math.floor((100 * done) / total)
    if (hundredths === reported) return
    reported = hundredths
    emit({ type: 'progress', text, unit, done, total })
  }
}
