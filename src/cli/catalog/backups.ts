/** Commands about copies of a cluster's data, and the way back from a disaster. */
import { SEAL_OPTIONS, SECRET_OPTION, SIGNER_OPTIONS, STORE_OPTION } from './backup-options.ts'
import type { CommandDefinition } from '../command.ts'
import { PROOF_COMMANDS } from './proofs.ts'
import { TRANSFER_COMMANDS } from './transfer.ts'

export const BACKUP_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'backup',
    group: 'Backup and recovery',
    json: 'value',
    summary: 'all it takes to make the cluster again, as one encrypted file',
    description:
      "The store of the best voter (never a learner, none with an alarm), streamed over gRPC with nothing written on the node, its sum compared and read by etcd's own tool; the cluster file; the CA's certificates and, encrypted once more, its key. In its store whole, or not there at all; earlier backups are never replaced. Changes nothing on any machine.",
    options: [...STORE_OPTION, ...SEAL_OPTIONS],
    examples: [
      'quorate backup',
      'quorate backup --store /srv/backups --recipient age1…',
      'quorate backup --store s3://etcd-backups/prod --passphrase-file FILE --json',
    ],
    load: async () => await import('../commands/backup.ts'),
  },
  {
    name: 'backup schedule',
    group: 'Backup and recovery',
    json: 'value',
    summary: 'have a node take the backups by itself, and keep the right ones',
    description:
      "What the cluster file says under backup.schedule, unless options say otherwise. Shows what it will do and asks. The node gets quorate as one file, a client certificate for a key that is made there, and a systemd timer; the backups are for the public keys of backup.recipients, so that the node itself can't open them. Only one node does it: one that did before stops. The first backup is taken at once. Run it again after a change of the cluster file, to renew the certificate, or after any interruption. `quorate status` shows how it goes.",
    options: [
      ...STORE_OPTION,
      {
        flags: '--recipient <keys...>',
        value: 'recipient',
        description: 'public keys of age that the backups are for (default: the cluster file’s)',
      },
      {
        flags: '--node <name>',
        value: 'own',
        description: 'which (default: the first with the role service)',
      },
      {
        flags: '--every <when>',
        value: 'calendar',
        description: "hour, day, week, month, or systemd's OnCalendar, like '*-*-* 03:00:00'",
      },
      {
        flags: '--keep <counts>',
        value: 'own',
        description: 'the newest of so many of each, like hourly=24,daily=7,weekly=5,monthly=12',
      },
      {
        flags: '--metrics <dir>',
        value: 'node-path',
        description: 'where node_exporter there reads metrics from files (default: where Debian has it)',
      },
      { flags: '--remove', description: 'no node takes backups by itself any more; those there stay' },
    ],
    examples: [
      'quorate backup schedule',
      'quorate backup schedule --node service01 --every day --keep daily=14,monthly=12',
      'quorate backup schedule --remove',
    ],
    load: async () => await import('../commands/backup-schedule.ts'),
  },
  {
    name: 'backup scheduled',
    group: 'Backup and recovery',
    json: 'none',
    hidden: true,
    summary: 'what the timer on the node runs: one backup, then what is too old removed',
    arguments: [{ syntax: '<config>', description: 'the configuration that backup schedule wrote' }],
    load: async () => await import('../commands/backup-scheduled.ts'),
  },
  ...PROOF_COMMANDS,
  {
    name: 'restore',
    group: 'Backup and recovery',
    json: 'events',
    asksForName: 'where a node has data',
    summary: 'the whole cluster from a backup, or from a snapshot of etcd',
    description:
      "All members together become a new cluster of the old name, with the contents of the snapshot: a name in the store, a bundle, or a file that etcdctl snapshot save wrote. Says beforehand what is lost, what is moved aside and what is stopped, and asks for the cluster's name where there is data. Nothing that serves now is touched before every machine has its restored data ready; no member starts before all have exchanged theirs; old data is moved aside, never removed. A run that broke off is gone on with by the same command, and until then every other verb refuses (docs/guides/restore.md).",
    arguments: [
      {
        syntax: '<snapshot>',
        description: 'the path of a bundle or of a .db file, or the name of a backup in the store',
        values: 'files',
      },
    ],
    options: [
      ...STORE_OPTION,
      ...SECRET_OPTION,
      ...SIGNER_OPTIONS,
      {
        flags: '--into <file>',
        value: 'path',
        description:
          'new machines: write the cluster file of the bundle there (if there is none) and its CA beside it',
      },
      {
        flags: '--address <node=ip...>',
        value: 'node-address',
        description: 'with --into: another address for a node than the bundle has',
      },
      {
        flags: '--without <node...>',
        value: 'own',
        description: 'restore on the others: this one is gone, and will be made anew when it is back',
      },
      { flags: '--other-cluster', description: 'the snapshot is of another cluster, and that is meant' },
      {
        flags: '--confirm <name>',
        value: 'own',
        description: "the cluster's name, where there is no terminal to type it on",
      },
    ],
    examples: [
      'quorate restore prod-20261122T030000.214Z-r5711.bundle.age --identity key.txt',
      'quorate restore ./snapshot.db --confirm prod',
      'quorate restore ./prod.bundle.age --without etcd03',
      'quorate restore ./prod.bundle.age --into cluster.yaml --address etcd01=10.0.1.11 --address etcd02=10.0.1.12',
    ],
    load: async () => await import('../commands/restore.ts'),
  },
  {
    name: 'recover',
    group: 'Backup and recovery',
    json: { eventsIf: 'with `--from-survivor` or `--abandon`' },
    asksForName: 'with `--from-survivor`',
    summary: 'the quorum is lost: what is left, and going on from it',
    description:
      'Alone it changes nothing: every log that can be reached is read where it lies, and it says what is certain, what may be lost, and what the choices are. Exit code 0: a quorum answers; 2: there is something to decide. With --from-survivor it stops what runs, makes a new cluster of a copy of that member’s data, and has the others join it; the old data stays, moved aside. Refused while a quorum could still answer. Safe to interrupt and to run again.',
    options: [
      {
        flags: '--from-survivor [node]',
        value: 'own',
        description: 'go on from its data; the best copy there is unless named',
      },
      {
        flags: '--lost <nodes...>',
        value: 'own',
        description: 'machines out of reach that you know to be off, and to stay so',
      },
      {
        flags: '--confirm <name>',
        value: 'own',
        description: "the cluster's name, where there is no terminal to type it on",
      },
      {
        flags: '--abandon',
        description: 'give up a recovery that was begun, and put the old data back; --lost as above',
      },
    ],
    examples: [
      'quorate recover',
      'quorate recover --from-survivor',
      'quorate recover --from-survivor etcd01 --lost etcd02 etcd03',
    ],
    load: async () => await import('../commands/recover.ts'),
  },
  ...TRANSFER_COMMANDS,
]
