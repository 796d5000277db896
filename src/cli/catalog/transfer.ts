/** Commands that carry keys from one cluster to another, or to whoever wants to look at them. */
import type { CommandDefinition } from '../command.ts'

export const TRANSFER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'export',
    group: 'Backup and recovery',
    summary: 'a range of keys as JSON lines, as it is at one revision',
    description:
      'All keys, those that begin with --prefix, or those of a --range. Text as text, anything else in base64, with leases and revisions, and a sum at the end. For looking, and for another cluster (quorate import); a backup of the whole cluster is quorate backup. Values may be secrets: the file is private, and an existing one is never replaced.',
    options: [
      { flags: '--prefix <key>', description: 'the keys that begin so' },
      {
        flags: '--range <keys...>',
        description: 'two keys: from the first on, up to the second and without it',
      },
      { flags: '--revision <number>', description: 'as it was then; the newest unless given' },
      { flags: '-o, --output <file>', description: 'a file to be made; - or nothing: standard output' },
    ],
    examples: ['quorate export --prefix /coreos.com/', 'quorate export -o keys.jsonl'],
    load: async () => await import('../commands/export.ts'),
  },
]
