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
  {
    name: 'import',
    group: 'Backup and recovery',
    summary: 'the keys of an export into this cluster',
    description:
      'Reads the file to its end, compares it with what is there, shows how many keys are new, the same and different, and asks. Keys that are there with something else are never written over unless --replace is given. Leases are granted anew for the time that was left, shared as they were. Safe to interrupt and to run again.',
    arguments: [
      { syntax: '<file>', description: 'made by quorate export; - is standard input', values: 'files' },
    ],
    options: [
      { flags: '--prefix-from <key>', description: 'what every key begins with …' },
      { flags: '--prefix-to <key>', description: '… and what stands there in its place' },
      { flags: '--replace', description: 'write over keys that are there with something else' },
      { flags: '--only-missing', description: 'leave keys that are there as they are' },
      { flags: '--without-leases', description: 'keys come without leases, to stay' },
      { flags: '--dry-run', description: 'compare only' },
    ],
    examples: [
      'quorate import keys.jsonl --dry-run',
      'quorate import keys.jsonl --prefix-from /old/ --prefix-to /new/',
    ],
    load: async () => await import('../commands/import.ts'),
  },
]
