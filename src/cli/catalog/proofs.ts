/** Commands about existing backups: list, verify, signers, prune. */
import type { CommandDefinition } from '../command.ts'
import { SECRET_OPTION, SIGNER_OPTIONS, STORE_OPTION } from './backup-options.ts'

export const PROOF_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'backup list',
    group: 'Backup and recovery',
    json: 'value',
    summary: 'List backups and their last test restore',
    description:
      'Changes nothing. Shows the newest first: age, size, source member, recipients, whether it contains the CA key, the last test restore, and the object lock. Needs no identity and decrypts nothing.',
    options: [...STORE_OPTION, { flags: '--all', description: 'Also list the backups of other clusters' }],
    examples: [
      'quorate backup list',
      'quorate backup list --all',
      'quorate backup list --store /srv/backups --json',
    ],
    load: async () => await import('../commands/backup-list.ts'),
  },
  {
    name: 'backup verify',
    group: 'Backup and recovery',
    json: 'value',
    summary: 'Verify a backup, or test-restore it with --test-restore',
    description:
      'Reads the newest backup to the last byte, decrypts it, compares every checksum, and reads the snapshot with the tool of etcd. With --test-restore it also restores the backup into a temporary etcd on this workstation, in a private directory and on no port. Revision, number of keys and hash must match those of the member. The result is recorded in the backup location, and `quorate backup list` shows it. It connects to no node. Exit code 10 means that a backup is damaged. Safe to rerun.',
    arguments: [{ syntax: '[name]', description: 'Name of a backup (default: the newest of the cluster)' }],
    options: [
      ...STORE_OPTION,
      ...SECRET_OPTION,
      ...SIGNER_OPTIONS,
      {
        flags: '--test-restore',
        formerly: '--drill',
        description: 'Run a test restore and compare its contents',
      },
      { flags: '--all', description: 'Verify every backup of this cluster' },
    ],
    examples: [
      'quorate backup verify --identity key.txt',
      'quorate backup verify --test-restore --identity key.txt',
      'quorate backup verify prod-20261122T030000.214Z-r5711.bundle.age --passphrase-file FILE',
    ],
    load: async () => await import('../commands/backup-verify.ts'),
  },
  {
    name: 'backup signers',
    group: 'Backup and recovery',
    json: 'value',
    asksForName: 'with `revoke`',
    summary: 'List, rotate or revoke the keys that sign backups',
    description:
      'Every backup is signed in the format of OpenSSH, with the key of the operator or of the node that takes it. The trusted public keys are in allowed_signers in the state directory. Keep a copy of that file with your age identity. `rotate` creates a new key, yours or that of a node; earlier signatures stay valid. `revoke` is for a leaked key: all its signatures become invalid. It asks for the cluster name. Safe to rerun.',
    arguments: [
      {
        syntax: '[action]',
        description: 'Action: list, rotate or revoke (default: list)',
        values: ['list', 'rotate', 'revoke'],
      },
      { syntax: '[who]', description: 'For rotate: a node; for revoke: a name or fingerprint from the list' },
    ],
    options: [
      {
        flags: '--confirm <name>',
        value: 'own',
        description: 'Name of the cluster, instead of typing it on a terminal',
      },
    ],
    examples: [
      'quorate backup signers',
      'quorate backup signers rotate service01',
      'quorate backup signers revoke node-service01@prod',
    ],
    load: async () => await import('../commands/backup-signers.ts'),
  },
  {
    name: 'backup prune',
    group: 'Backup and recovery',
    json: 'events',
    summary: 'Delete backups outside the retention policy',
    description:
      'Deletes only backups of this cluster, the oldest first. Shows which ones it deletes and why the others stay, and asks. The policy is backup.schedule.keep of the cluster file. It always keeps the newest backup, the newest restore-tested backup, and locked ones. Safe to interrupt and to rerun.',
    options: [
      ...STORE_OPTION,
      {
        flags: '--keep <counts>',
        value: 'own',
        description: 'Another policy, such as hourly=24,daily=7; the rest is as in the cluster file',
      },
    ],
    examples: [
      'quorate backup prune',
      'quorate backup prune --keep daily=14,monthly=12',
      'quorate backup prune --keep hourly=0,daily=14 --yes --json',
    ],
    load: async () => await import('../commands/backup-prune.ts'),
  },
]
