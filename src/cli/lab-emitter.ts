import type { LabEvent } from '../lab/events.ts'
import type { CliContext } from './context.ts'

/** Progress of the lab, as lines on standard error; nothing with `--json`. */
export function labEmitter(context: CliContext): (event: LabEvent) => void {
  return ({ text }) => {
    if (!context.json) context.err(`${context.colors.cyan('·')} ${text}\n`)
  }
}
