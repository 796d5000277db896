/** The choice that a command line makes with `PROBE_OPTIONS`. */
import { QuorateError } from '../errors.ts'
import type { ProbeChoice } from '../engine/with-recorder.ts'
import { type CommandInput, countOption } from './command.ts'

const MOST = 100

/** @throws QuorateError `usage` */
export function probeChoice(input: CommandInput): ProbeChoice {
  const rate = rateOption(input, 'probeRate', '--probe-rate')
  return input.options['probe'] === false ? false : { rate }
}

/** @throws QuorateError `usage` for anything but 1 to 100. */
export function rateOption(input: CommandInput, name: string, flag: string): number | undefined {
  const rate = countOption(input, name, flag)
  if (rate === undefined || rate <= MOST) return rate
  throw new QuorateError('usage', `${flag} ${rate}: the maximum is ${MOST} per second`)
}
