/** Commands about the backups that there are: which, whether they are any good, and which may go. */
import type { CommandDefinition } from '../command.ts'
import { SECRET_OPTION, SIGNER_OPTIONS, STORE_OPTION } from './backup-options.ts'

export const PROOF_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'backup list',
    group: 'Backup and recovery',
    json: 'value',
    summary: 'the backups in the store, and which are proven restorable',
    description:
      'Newest first: age, size, which member it is from, for whom it is encrypted, whether the key of the CA is in it, when it was last restored for a trial (backup verify --drill), and until when the store locks it. Needs no secret, and opens nothing.',
    options: [...STORE_OPTION, { flags: '--all', description: 'those of other clusters as well' }],
    examples: ['quorate backup list', 'quorate backup list --store /srv/backups --json'],
    load: async () => await import('../commands/backup-list.ts'),
  },
  {
    name: 'backup verify',
    group: 'Backup and recovery',
    json: 'value',
    summary: 'whether a backup is whole and, with --drill, whether it can be restored',
    description:
      "The newest one, unless it is named. Read from the store to its last byte, decrypted, every sum compared; etcd's own tool must read in the snapshot what it read when the backup was taken. With --drill it is restored as well, into an etcd that lives for a moment on this computer, in a private folder and on no port; revision, count of keys and hash must be those that the member gave. What came of a drill is recorded in the store, and backup list shows it. No machine of the cluster is asked for anything. Exit code 10: it is not what it should be.",
    arguments: [
      { syntax: '[name]', description: 'of a backup in the store (default: the newest of the cluster)' },
    ],
    options: [
      ...STORE_OPTION,
      ...SECRET_OPTION,
      ...SIGNER_OPTIONS,
      { flags: '--drill', description: 'restore it for a trial, and compare what is in it then' },
      { flags: '--all', description: 'every backup of this cluster' },
    ],
    examples: [
      'quorate backup verify --drill --identity key.txt',
      'quorate backup verify prod-20261122T030000.214Z-r5711.bundle.age --passphrase-file FILE',
      'quorate backup verify --all --json',
    ],
    load: async () => await import('../commands/backup-verify.ts'),
  },
  {
    name: 'backup signers',
    group: 'Backup and recovery',
    json: 'value',
    asksForName: 'with `revoke`',
    summary: 'list, replace or revoke the keys that may sign backups',
    description:
      "Every backup is signed in OpenSSH's format, with the operator's key or with the key of the node that takes it. The public keys that count are in allowed_signers in the state directory. Keep a copy of that file with the secret key of age. `rotate` makes a new key: yours, or that of the node you name. What the old key signed until then still counts. `revoke` is for a key that others may have: nothing that it signed counts any more. It asks you to type the cluster's name. Safe to run again.",
    arguments: [
      {
        syntax: '[action]',
        description: 'list, rotate or revoke (default: list)',
        values: ['list', 'rotate', 'revoke'],
      },
      { syntax: '[who]', description: 'rotate: a node; revoke: a name or fingerprint from the list' },
    ],
    options: [
      {
        flags: '--confirm <name>',
        value: 'own',
        description: "the cluster's name, where there is no terminal to type it on",
      },
    ],
    examples: [
      'quorate backup signers',
      'quorate backup signers rotate',
      'quorate backup signers rotate service01',
      'quorate backup signers revoke node-service01@prod',
    ],
    load: async () => await import('../commands/backup-signers.ts'),
  },
  {
    name: 'backup prune',
    group: 'Backup and recovery',
    json: 'events',
    summary: 'remove the backups that nobody wants kept any more',
    description:
      'Of this cluster alone. The newest of so many hours, days, weeks and months stay, as the cluster file says under backup.schedule.keep; so do always the newest of all, the newest that is proven restorable, and what the store has locked. Shows what goes and why the rest stays, and asks. The oldest go first. Safe to interrupt and to run again.',
    options: [
      ...STORE_OPTION,
      {
        flags: '--keep <counts>',
        value: 'own',
        description:
          'like hourly=24,daily=7,weekly=5,monthly=12; what is left out is as the cluster file has it',
      },
    ],
    examples: ['quorate backup prune', 'quorate backup prune --keep hourly=0,daily=14 --yes --json'],
    load: async () => await import('../commands/backup-prune.ts'),
  },
]
