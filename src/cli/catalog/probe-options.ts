/** Options of every command that runs with the recorder beside it: `options: [...PROBE_OPTIONS]`. */
import type { CommandDefinition } from '../command.ts'

export const PROBE_OPTIONS: NonNullable<CommandDefinition['options']> = [
  {
    flags: '--no-probe',
    description: 'without a client that writes and reads meanwhile and tells what it noticed',
  },
  {
    flags: '--probe-rate <n>',
    value: 'count',
    description: "that client's writes a second, and as many reads (default: 10)",
  },
]
