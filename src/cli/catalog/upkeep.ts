/** Commands for a running cluster: start, stop, restart, leadership, storage. */
import type { CommandDefinition } from '../command.ts'
import { PROBE_OPTIONS } from './probe-options.ts'

const NODES = { syntax: '<nodes...>', description: 'Names of etcd nodes', values: 'etcd-nodes' } as const

const FORCE: NonNullable<CommandDefinition['options']> = [
  {
    flags: '--force',
    description: 'Proceed even if the cluster loses its quorum; asks for the cluster name',
  },
  {
    flags: '--confirm <name>',
    value: 'own',
    description: 'Name of the cluster, for --force without a terminal',
  },
]

export const UPKEEP_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'move-leader',
    group: 'Upkeep',
    json: 'events',
    summary: 'Move leadership to another member',
    description:
      'Asks the leader to transfer leadership and waits until all members agree. It refuses a learner, a member that does not answer, and a member that is far behind. No member restarts. Safe to rerun.',
    arguments: [
      {
        syntax: '[node]',
        description: 'etcd node (default: the healthiest follower)',
        values: 'etcd-nodes',
      },
    ],
    options: [...PROBE_OPTIONS],
    examples: ['quorate move-leader', 'quorate move-leader etcd02'],
    load: async () => await import('../commands/move-leader.ts'),
  },
  {
    name: 'restart',
    group: 'Upkeep',
    json: 'events',
    asksForName: 'with `--force`',
    summary: 'Restart members, one at a time and the leader last',
    description:
      'Before each restart it waits until every member that was healthy is healthy again. Leadership moves away before the leader restarts. It refuses to lose the quorum. Safe to interrupt and to rerun.',
    arguments: [NODES],
    options: [...FORCE, ...PROBE_OPTIONS],
    examples: [
      'quorate restart etcd02',
      'quorate restart etcd01 etcd02 etcd03',
      'quorate restart etcd02 --yes --json',
    ],
    load: async () => await import('../commands/restart.ts'),
  },
  {
    name: 'stop',
    group: 'Upkeep',
    json: 'events',
    asksForName: 'with `--force`',
    summary: 'Stop members; they stay stopped after a reboot',
    description:
      'Shows how many more members may fail afterwards, and refuses to lose the quorum. Leadership moves away first. The data stays in place. apply keeps these members stopped unless you give --start-stopped. Undo it with `quorate start`.',
    arguments: [NODES],
    options: [...FORCE, ...PROBE_OPTIONS],
    examples: [
      'quorate stop etcd03',
      'quorate stop etcd03 --yes',
      'quorate stop etcd02 --force --confirm my-cluster',
    ],
    load: async () => await import('../commands/stop.ts'),
  },
  {
    name: 'start',
    group: 'Upkeep',
    json: 'events',
    summary: 'Start stopped members and enable them at boot',
    description:
      'Starts all of them together, because a member is ready only with a quorum. It refuses a node whose write-ahead log (WAL) is missing, or that is not a member. With --all it skips such nodes and unreachable ones. Safe to rerun.',
    arguments: [{ ...NODES, syntax: '[nodes...]' }],
    options: [
      { flags: '--all', description: 'Start every member that can start, for example after a power failure' },
      ...PROBE_OPTIONS,
    ],
    examples: ['quorate start etcd03', 'quorate start etcd01 etcd02 etcd03', 'quorate start --all'],
    load: async () => await import('../commands/start.ts'),
  },
  {
    name: 'quota',
    group: 'Upkeep',
    json: 'value',
    summary: 'Show how full the database of each member is',
    description:
      'Changes nothing. Suggests a fix if space is low. Exit code 0 means below 95 % of the quota. Exit code 1 means 95 % or more, or that etcd refuses writes (NOSPACE). To change the quota, set quota-backend-bytes under etcd.settings in the cluster file and run apply.',
    examples: ['quorate quota', "quorate quota --json | jq '.members[] | {name, full}'"],
    load: async () => await import('../commands/quota.ts'),
  },
  {
    name: 'alarms',
    group: 'Upkeep',
    json: { eventsIf: 'with `disarm`' },
    summary: 'List alarms, or disarm NOSPACE',
    description:
      '`list` changes nothing; exit code 1 means that an alarm is raised. `disarm` clears NOSPACE, but only if there is free space again: `quorate space reclaim` frees it. It refuses to disarm CORRUPT, which protects clients from wrong data: see `quorate repair`.',
    arguments: [
      {
        syntax: '[action]',
        description: 'Action: list or disarm (default: list)',
        values: ['list', 'disarm'],
      },
    ],
    examples: ['quorate alarms', 'quorate alarms --json', 'quorate alarms disarm'],
    load: async () => await import('../commands/alarms.ts'),
  },
  {
    name: 'compact',
    group: 'Upkeep',
    json: 'events',
    summary: 'Compact the history of the keyspace',
    description:
      'Removes old revisions. Current keys and values stay. Watchers that are behind the compacted revision must restart. Kubernetes API servers compact by themselves every five minutes. Safe to rerun.',
    options: [
      { flags: '--keep <n>', value: 'count', description: 'Number of newest revisions to keep' },
      { flags: '--revision <n>', value: 'count', description: 'Remove the history before this revision' },
      {
        flags: '--physical',
        description: 'Wait until every member has freed the space in its database file',
      },
      ...PROBE_OPTIONS,
    ],
    examples: [
      'quorate compact --keep 1000',
      'quorate compact --keep 1000 --physical',
      'quorate compact --revision 52000',
    ],
    load: async () => await import('../commands/compact.ts'),
  },
  {
    name: 'defrag',
    group: 'Upkeep',
    json: 'events',
    summary: 'Defragment database files to release disk space',
    description:
      'One member at a time, followers first; leadership moves away before the turn of the leader. A member answers no request while it defragments. Skips a member unless half of its file and 100 MiB are free, or a tenth close to the quota. --all includes every member. It refuses while a member is down or CORRUPT is raised, and on etcd versions where defragmentation can do harm. Safe to rerun.',
    arguments: [
      { syntax: '[nodes...]', description: 'Names of etcd nodes (default: all)', values: 'etcd-nodes' },
    ],
    options: [
      { flags: '--all', description: 'Defragment every member, even below the threshold' },
      ...PROBE_OPTIONS,
    ],
    examples: ['quorate defrag', 'quorate defrag etcd02 --all', 'quorate defrag --all --yes'],
    load: async () => await import('../commands/defrag.ts'),
  },
  {
    name: 'space reclaim',
    formerly: 'unjam',
    group: 'Upkeep',
    json: 'events',
    summary: 'Free space in a full cluster (NOSPACE)',
    description:
      'Makes a full cluster writable again: compacts the history, defragments full members one at a time, disarms the alarm, and verifies it with a write. Asks first. If the current data alone exceeds the quota, it says so and suggests a fix. Safe to interrupt and to rerun.',
    options: [...PROBE_OPTIONS],
    examples: ['quorate space reclaim', 'quorate space reclaim --yes', 'quorate space reclaim --yes --json'],
    load: async () => await import('../commands/space-reclaim.ts'),
  },
  {
    name: 'unlock',
    group: 'Upkeep',
    json: 'value',
    asksForName: 'unless `--preview` is given',
    summary: 'Show the lock holder, or remove an abandoned lock',
    description:
      'Shows the lock holder on each node, asks for the cluster name, and removes the locks that it showed. It refuses while the holder is active unless you give --force; the holder then stops at its next step. You rarely need it: quorate takes over the lock of a silent holder after 30 s. Safe to rerun.',
    options: [
      { flags: '--preview', description: 'Show the lock holder, and remove nothing' },
      { flags: '--force', description: 'Remove the lock even while its holder is active' },
      {
        flags: '--confirm <name>',
        value: 'own',
        description: 'Name of the cluster, instead of typing it on a terminal',
      },
    ],
    examples: ['quorate unlock --preview', 'quorate unlock', 'quorate unlock --confirm my-cluster'],
    load: async () => await import('../commands/unlock.ts'),
  },
]
