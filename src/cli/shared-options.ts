/** Options that every command has. */
import { Option } from 'commander'
import type { ValueKind } from './command.ts'

interface SharedOption {
  readonly flags: string
  readonly description: string
  readonly value?: ValueKind
  readonly default?: string
}

export const SHARED_OPTIONS: readonly SharedOption[] = [
  // If it is missing, the error says how to create one.
  { flags: '-f, --file <file>', description: 'Cluster file', value: 'own', default: 'cluster.yaml' },
  { flags: '--json', description: 'Print JSON instead of text' },
  { flags: '-v, --verbose', description: 'Print more details' },
  { flags: '-y, --yes', description: 'Answer every yes-or-no question with yes' },
  {
    flags: '--no-color',
    description: 'Print no colors (default without a terminal, or if NO_COLOR is set)',
  },
  {
    flags: '--sudo-password-file <file>',
    description: 'File whose first line is the sudo password on the nodes',
    value: 'input-file',
  },
  {
    flags: '--passphrase-file <file>',
    description: 'File whose first line is the passphrase of the CA key',
    value: 'input-file',
  },
]

export function sharedOptions(): Option[] {
  return SHARED_OPTIONS.map(({ flags, description, default: standard }) =>
    standard === undefined
      ? new Option(flags, description)
      : new Option(flags, description).default(standard),
  )
}

/** The shared options of a command line, parsed. */
export function readSharedOptions(options: Readonly<Record<string, unknown>>) {
  const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined)
  return {
    file: text('file') ?? 'cluster.yaml',
    json: options['json'] === true,
    verbose: options['verbose'] === true,
    yes: options['yes'] === true,
    color: options['color'] !== false,
    sudoPasswordFile: text('sudoPasswordFile'),
    passphraseFile: text('passphraseFile'),
  }
}
