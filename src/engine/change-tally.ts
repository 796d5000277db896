/** Counts the steps of a run, so that an error can say what was changed before it. */
import { oneLine } from '../spec/visible.ts'
import { counted } from '../spec/units.ts'
import type { RunEvent } from './events.ts'
import type { EngineStep } from './step.ts'

/** At most this many steps are named: the last ones. */
const NAMED_STEPS = 3

export class ChangeTally {
  readonly #done: string[] = []
  readonly #open = new Set<string>()
  #hasSteps = false

  add(event: RunEvent): void {
    if (event.type === 'wave' || event.type === 'step-started') this.#hasSteps = true
    if (event.type === 'step-started') this.#open.add(nameOf(event.step))
    if (event.type !== 'step-done') return
    this.#open.delete(nameOf(event.step))
    this.#done.push(nameOf(event.step))
  }

  /**
   * The impact of a run that started to change something: what was done, what was not completed, and how to continue.
   * One line each.
   */
  impact(): string {
    if (this.#done.length + this.#open.size === 0) {
      // Work without steps doesn't show how far it got.
      const known = this.#hasSteps ? 'no step was started' : 'part of the change may be done'
      return `${known}; a rerun continues from that point`
    }
    return [
      ...listed('completed', this.#done),
      ...listed('not completed', [...this.#open]),
      'a rerun continues from that point',
    ].join('\n')
  }
}

function nameOf({ host, what }: EngineStep): string {
  return oneLine(host === undefined ? what : `${host}: ${what}`)
}

function listed(state: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return []
  const last = names.slice(-NAMED_STEPS)
  const which = names.length > last.length ? ', the last' : ''
  return [`${counted(names.length, 'step')} ${state}${which}: ${last.join('; ')}`]
}
