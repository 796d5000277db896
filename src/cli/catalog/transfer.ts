/** Commands that repair a member, and that copy keys from one cluster to another. */
import type { CommandDefinition } from '../command.ts'
import { PROBE_OPTIONS } from './probe-options.ts'

export const TRANSFER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'repair',
    group: 'Backup and recovery',
    json: { eventsIf: 'with a node' },
    summary: 'Repair a member whose data is damaged',
    description:
      'Without a node it changes nothing: it looks for different contents, the alarm CORRUPT, a damaged Raft log or database, and a missing directory. Exit code 2 means that a member needs repair. With a node it shows the evidence, asks, and replaces the data of that member with a copy from the other members. The old data is renamed. CORRUPT is disarmed only after the other members are compared. It refuses without a quorum of the other members, without a majority of equal contents, and without damage. Safe to interrupt and to rerun.',
    arguments: [{ syntax: '[node]', description: 'etcd node to repair', values: 'etcd-nodes' }],
    options: [...PROBE_OPTIONS],
    examples: ['quorate repair', 'quorate repair --json', 'quorate repair etcd02'],
    load: async () => await import('../commands/repair.ts'),
  },
  {
    name: 'export',
    group: 'Backup and recovery',
    json: 'events',
    summary: 'Export keys of one revision as JSON lines',
    description:
      'Exports all keys, those with a prefix, or a range. Text stays text; other values are base64. Leases, revisions and a final checksum are included. Changes nothing in the cluster. For a backup use `quorate backup`. Values may be secret: the file is readable only by you. It refuses to replace an existing file.',
    options: [
      { flags: '--prefix <key>', value: 'key', description: 'Export the keys with this prefix' },
      {
        flags: '--range <keys...>',
        value: 'key',
        description: 'Export from the first key up to the second, without the second',
      },
      {
        flags: '--revision <number>',
        value: 'count',
        description: 'Export this revision (default: the newest)',
      },
      {
        flags: '-o, --output <file>',
        value: 'path',
        description: 'File to create, or - for standard output (default: standard output)',
      },
    ],
    examples: [
      'quorate export --prefix /coreos.com/',
      'quorate export -o keys.jsonl',
      'quorate export --revision 52000 -o old.jsonl',
    ],
    load: async () => await import('../commands/export.ts'),
  },
  {
    name: 'import',
    group: 'Backup and recovery',
    json: 'events',
    summary: 'Import keys from an export',
    description:
      'Reads the whole file, compares it with the cluster, shows how many keys are new, equal and different, and asks. It refuses to overwrite keys with different values unless you give --replace. New leases get the remaining time of the old ones, and share keys as before. Safe to interrupt and to rerun.',
    arguments: [
      {
        syntax: '<file>',
        value: 'input-file',
        description: 'File from `quorate export`, or - for standard input',
        values: 'files',
      },
    ],
    options: [
      { flags: '--prefix-from <key>', value: 'key', description: 'Prefix of every key, to replace' },
      { flags: '--prefix-to <key>', value: 'key', description: 'New prefix of every key' },
      { flags: '--replace', description: 'Overwrite keys that have different values' },
      { flags: '--only-missing', description: 'Import only new keys, and keep existing ones unchanged' },
      { flags: '--without-leases', description: 'Import keys without leases, so that they never expire' },
      { flags: '--dry-run', description: 'Compare only, and change nothing' },
    ],
    examples: [
      'quorate import keys.jsonl --dry-run',
      'quorate import keys.jsonl',
      'quorate import keys.jsonl --prefix-from /old/ --prefix-to /new/',
    ],
    load: async () => await import('../commands/import.ts'),
  },
]
