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
  // Where it is not there the error says how to write one.
  { flags: '-f, --file <file>', description: 'the cluster file', value: 'own', default: 'cluster.yaml' },
  { flags: '--json', description: 'print JSON instead of text' },
  { flags: '-v, --verbose', description: 'say more' },
  { flags: '-y, --yes', description: 'answer every yes-or-no question with yes' },
  {
    flags: '--no-color',
    description: 'no colours (nor where the output is no terminal, or NO_COLOR is set)',
  },
  {
    flags: '--sudo-password-file <file>',
    description: "the first line is sudo's password on the machines",
    value: 'input-file',
  },
  {
    flags: '--passphrase-file <file>',
    description: "the first line is the passphrase of the CA's key",
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

/** The shared options of a command line, by what they mean. */
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
