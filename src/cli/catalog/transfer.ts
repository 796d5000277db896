/** A damaged member, and keys that are carried from one cluster to another. */
import type { CommandDefinition } from '../command.ts'
import { PROBE_OPTIONS } from './probe-options.ts'

export const TRANSFER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'repair',
    group: 'Backup and recovery',
    json: { eventsIf: 'with a node' },
    summary: 'a member whose data is damaged, made anew from the others',
    description:
      'Alone it changes nothing: it looks for damage (contents that differ from the others, the alarm CORRUPT, a damaged log or database, a lost directory) and says which member needs repair; exit code 2 if one does. With a node it says on what evidence, asks, and replaces the member through a learner; its old data stays, moved aside. CORRUPT is disarmed only when those who are left have been compared. Refused without a quorum of the others (quorate recover), where no majority agrees, and where nothing is wrong. Safe to interrupt and to run again.',
    arguments: [{ syntax: '[node]', description: 'an etcd node', values: 'etcd-nodes' }],
    options: [...PROBE_OPTIONS],
    examples: ['quorate repair', 'quorate repair etcd02'],
    load: async () => await import('../commands/repair.ts'),
  },
  {
    name: 'export',
    group: 'Backup and recovery',
    json: 'events',
    summary: 'a range of keys as JSON lines, as it is at one revision',
    description:
      'All keys, those that begin with --prefix, or those of a --range. Text as text, anything else in base64, with leases and revisions, and a sum at the end. For looking, and for another cluster (quorate import); a backup of the whole cluster is quorate backup. Values may be secrets: the file is private, and an existing one is never replaced.',
    options: [
      { flags: '--prefix <key>', value: 'key', description: 'the keys that begin so' },
      {
        flags: '--range <keys...>',
        value: 'key',
        description: 'two keys: from the first on, up to the second and without it',
      },
      {
        flags: '--revision <number>',
        value: 'count',
        description: 'as it was then; the newest unless given',
      },
      {
        flags: '-o, --output <file>',
        value: 'path',
        description: 'a file to be made; - or nothing: standard output',
      },
    ],
    examples: ['quorate export --prefix /coreos.com/', 'quorate export -o keys.jsonl'],
    load: async () => await import('../commands/export.ts'),
  },
  {
    name: 'import',
    group: 'Backup and recovery',
    json: 'events',
    summary: 'the keys of an export into this cluster',
    description:
      'Reads the file to its end, compares it with what is there, shows how many keys are new, the same and different, and asks. Keys that are there with something else are never written over unless --replace is given. Leases are granted anew for the time that was left, shared as they were. Safe to interrupt and to run again.',
    arguments: [
      {
        syntax: '<file>',
        value: 'input-file',
        description: 'made by quorate export; - is standard input',
        values: 'files',
      },
    ],
    options: [
      { flags: '--prefix-from <key>', value: 'key', description: 'what every key begins with …' },
      { flags: '--prefix-to <key>', value: 'key', description: '… and what stands there in its place' },
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
