/** Commands that back up, restore and recover a cluster. */
import { SEAL_OPTIONS, SECRET_OPTION, SIGNER_OPTIONS, STORE_OPTION } from './backup-options.ts'
import type { CommandDefinition } from '../command.ts'
import { PROOF_COMMANDS } from './proofs.ts'
import { TRANSFER_COMMANDS } from './transfer.ts'

export const BACKUP_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'backup',
    group: 'Backup and recovery',
    json: 'value',
    summary: 'Back up the keyspace, cluster file and CA, encrypted',
    description:
      'Takes a snapshot from the best voting member, without an alarm, and writes nothing on the node. Verifies its checksum and reads it with the tool of etcd. Adds the cluster file, the CA certificates and, encrypted a second time, the CA key. A stored backup is always complete, and existing backups are never modified. Changes nothing on any node. Safe to rerun.',
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
    summary: 'Schedule backups on a node, with a retention policy',
    description:
      "Uses backup.schedule of the cluster file, unless options override it. Shows the steps and asks. Installs quorate as one file, a client certificate and a systemd timer on the node, and takes the first backup at once. The node can't decrypt the backups: they are encrypted to backup.recipients. Only one node takes backups; the schedule on any other node is removed. Rerun it after a change of the cluster file or to renew the certificate. `quorate status` shows the result of each backup. Safe to interrupt and to rerun.",
    options: [
      ...STORE_OPTION,
      {
        flags: '--recipient <keys...>',
        value: 'recipient',
        description: 'age public keys of the recipients (default: as in the cluster file)',
      },
      {
        flags: '--node <name>',
        value: 'own',
        description: 'Node that takes the backups (default: the first with the role service)',
      },
      {
        flags: '--every <when>',
        value: 'calendar',
        description:
          "Interval: hour, day, week, month, or a systemd OnCalendar value such as '*-*-* 03:00:00'",
      },
      {
        flags: '--keep <counts>',
        value: 'own',
        description: 'Retention: how many to keep of each, such as hourly=24,daily=7,weekly=5,monthly=12',
      },
      {
        flags: '--metrics <dir>',
        value: 'node-path',
        description: 'Textfile directory of node_exporter on the node (default: as in Debian)',
      },
      { flags: '--remove', description: 'Remove the schedule; existing backups stay' },
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
    summary: 'Take one scheduled backup and apply the retention policy',
    arguments: [{ syntax: '<config>', description: 'Configuration file that backup schedule wrote' }],
    load: async () => await import('../commands/backup-scheduled.ts'),
  },
  ...PROOF_COMMANDS,
  {
    name: 'restore',
    group: 'Backup and recovery',
    json: 'events',
    asksForName: 'where a node has data',
    summary: 'Restore the cluster from a backup',
    description:
      'Replaces the data of all members with a backup, or with a snapshot from `etcdctl snapshot save`. All members form a new cluster with the same name. Shows what you lose and keep, and asks for the cluster name if a node has data. Running members stop only after every node has its restored data ready. No member starts before all have their new data. Old data is renamed, never deleted. Safe to interrupt: rerun it to continue; until then, other commands refuse to run.',
    arguments: [
      {
        syntax: '<snapshot>',
        description: 'Name of a backup in the backup location, or path of a bundle or .db file',
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
          'For new nodes: write the cluster file of the bundle to this path if it is missing, and its CA next to it',
      },
      {
        flags: '--address <node=ip...>',
        value: 'node-address',
        description: 'Another address for a node than in the bundle (with --into)',
      },
      {
        flags: '--without <node...>',
        value: 'own',
        description: 'Restore without these nodes; apply rebuilds them later',
      },
      { flags: '--other-cluster', description: 'Allow a snapshot from a different cluster' },
      {
        flags: '--confirm <name>',
        value: 'own',
        description: 'Name of the cluster, instead of typing it on a terminal',
      },
    ],
    examples: [
      'quorate restore prod-20261122T030000.214Z-r5711.bundle.age --identity key.txt',
      'quorate restore ./snapshot.db --confirm prod',
      'quorate restore ./prod.bundle.age --into cluster.yaml --address etcd01=10.0.1.11 --address etcd02=10.0.1.12',
    ],
    load: async () => await import('../commands/restore.ts'),
  },
  {
    name: 'recover',
    group: 'Backup and recovery',
    json: { eventsIf: 'with `--from-survivor` or `--abandon`' },
    asksForName: 'with `--from-survivor`',
    summary: 'Recover a cluster that has lost its quorum',
    description:
      'Without options it changes nothing. It reads every reachable Raft log and reports what is certain, what may be lost, and the choices. Exit code 0 means that a quorum answers, 2 means that you must decide. With --from-survivor it gives up the old cluster: it stops etcd, starts a new cluster from the data of that member, and adds the others. The old data is renamed, not deleted. It refuses while a quorum could still answer. Safe to interrupt and to rerun.',
    options: [
      {
        flags: '--from-survivor [node]',
        value: 'own',
        description: 'Start a new cluster from the data of this member (default: the best copy)',
      },
      {
        flags: '--lost <nodes...>',
        value: 'own',
        description: "Nodes that are permanently down; quorate can't verify this",
      },
      {
        flags: '--confirm <name>',
        value: 'own',
        description: 'Name of the cluster, instead of typing it on a terminal',
      },
      {
        flags: '--abandon',
        description: 'Abandon an unfinished recovery and put the old data back',
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
