/** Options of every command that runs with the availability probe: `options: [...PROBE_OPTIONS]`. */
import type { CommandDefinition } from '../command.ts'

export const PROBE_OPTIONS: NonNullable<CommandDefinition['options']> = [
  {
    flags: '--no-probe',
    description: 'Skip the availability probe',
  },
  {
    flags: '--probe-rate <n>',
    value: 'count',
    description: 'Writes and reads per second of the availability probe (default: 10)',
  },
]
