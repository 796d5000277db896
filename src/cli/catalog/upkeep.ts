/** Commands that look after a running cluster: members on and off, leadership, space. */
import type { CommandDefinition } from '../command.ts'
import { PROBE_OPTIONS } from './probe-options.ts'

const NODES = { syntax: '<nodes...>', description: 'names of etcd nodes', values: 'etcd-nodes' } as const

const FORCE: NonNullable<CommandDefinition['options']> = [
  {
    flags: '--force',
    description: "even if the quorum is lost by it; asks for the cluster's name",
  },
  {
    flags: '--confirm <name>',
    value: 'own',
    description: "the cluster's name, for --force where there is no terminal to type it on",
  },
]

export const UPKEEP_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'move-leader',
    group: 'Upkeep',
    json: 'events',
    summary: 'hand leadership to a member, or to the healthiest follower',
    description:
      'Asks the present leader to hand over and waits until all members agree. Refused for a learner, for a member that does not answer, and for one that is far behind.',
    arguments: [
      {
        syntax: '[node]',
        description: 'an etcd node; the healthiest follower unless given',
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
    summary: 'restart members, one at a time and the leader last',
    description:
      'Each only when all that were well before are well again; leadership is moved away before its holder restarts. Refused where the quorum would be lost.',
    arguments: [NODES],
    options: [...FORCE, ...PROBE_OPTIONS],
    examples: ['quorate restart etcd02', 'quorate restart etcd01 etcd02 etcd03 --yes'],
    load: async () => await import('../commands/restart.ts'),
  },
  {
    name: 'stop',
    group: 'Upkeep',
    json: 'events',
    asksForName: 'with `--force`',
    summary: 'stop members until start, over reboots as well',
    description:
      'Says how many members may still fail afterwards, and refuses where the quorum would be lost. Leadership is moved away first. Data stays where it is. apply leaves such members stopped, unless it is given --start-stopped.',
    arguments: [NODES],
    options: [...FORCE, ...PROBE_OPTIONS],
    examples: ['quorate stop etcd03', 'quorate stop etcd02 --force --confirm my-cluster'],
    load: async () => await import('../commands/stop.ts'),
  },
  {
    name: 'start',
    group: 'Upkeep',
    json: 'events',
    summary: 'start members that were stopped, and have them start at boot',
    description:
      'All at once, since a member is ready only when a quorum is there. Refused for one whose write-ahead log is lost, or that is no member any more; with --all such ones, and machines out of reach, are left as they are.',
    arguments: [{ ...NODES, syntax: '[nodes...]' }],
    options: [
      { flags: '--all', description: 'every member that can be started: after a power failure, say' },
      ...PROBE_OPTIONS,
    ],
    examples: ['quorate start etcd03', 'quorate start etcd01 etcd02 etcd03', 'quorate start --all'],
    load: async () => await import('../commands/start.ts'),
  },
  {
    name: 'quota',
    group: 'Upkeep',
    json: 'value',
    summary: 'how full every member is, and what to do about it',
    description:
      'Changes nothing. Exit code 0 below 95 % of the quota; 1 from there on, or while writes are refused (NOSPACE). The quota itself is a setting of the cluster file, etcd.settings: { quota-backend-bytes: … }, put in force by apply.',
    examples: ['quorate quota', "quorate quota --json | jq '.members[] | {name, full}'"],
    load: async () => await import('../commands/quota.ts'),
  },
  {
    name: 'alarms',
    group: 'Upkeep',
    json: { eventsIf: 'with `disarm`' },
    summary: 'what alarms are raised; disarm NOSPACE once there is room',
    description:
      'list (exit code 1 if one is raised) or disarm. NOSPACE is disarmed only where there is room again: quorate unjam makes it. CORRUPT is never disarmed: it keeps clients from contents that may be wrong.',
    arguments: [{ syntax: '[action]', description: 'list unless given', values: ['list', 'disarm'] }],
    examples: ['quorate alarms', 'quorate alarms disarm --yes'],
    load: async () => await import('../commands/alarms.ts'),
  },
  {
    name: 'compact',
    group: 'Upkeep',
    json: 'events',
    summary: 'remove old revisions of all keys',
    description:
      'The present keys and values stay. Watchers that are behind the revision have to begin anew. API servers compact by themselves every five minutes.',
    options: [
      { flags: '--keep <n>', value: 'count', description: 'the last so many revisions stay' },
      { flags: '--revision <n>', value: 'count', description: 'the history before this one goes' },
      { flags: '--physical', description: 'wait until every member has freed the space within its file' },
      ...PROBE_OPTIONS,
    ],
    examples: ['quorate compact --keep 1000', 'quorate compact --revision 52000 --physical'],
    load: async () => await import('../commands/compact.ts'),
  },
  {
    name: 'defrag',
    group: 'Upkeep',
    json: 'events',
    summary: 'give free space in the database files back to the disks',
    description:
      'One member at a time, followers first; leadership leaves the leader before its turn. A member answers nothing while it is defragmented. Only members of which more than half, and more than 100 MiB, are free (or a tenth, close to the quota), unless --all. Refused while a member is down or CORRUPT is raised, and on versions that it can harm.',
    arguments: [
      { syntax: '[nodes...]', description: 'names of etcd nodes; all unless given', values: 'etcd-nodes' },
    ],
    options: [{ flags: '--all', description: 'whether or not it is worth it' }, ...PROBE_OPTIONS],
    examples: ['quorate defrag', 'quorate defrag --all --yes', 'quorate defrag etcd02 --all'],
    load: async () => await import('../commands/defrag.ts'),
  },
  {
    name: 'unjam',
    group: 'Upkeep',
    json: 'events',
    summary: 'a cluster that is out of space (NOSPACE), from full to writable',
    description:
      'Compacts the history, defragments the full members one at a time, disarms the alarm, and proves it with a write. Safe to interrupt and to run again. Where the present data alone is more than the quota it says so, and what to type.',
    options: [...PROBE_OPTIONS],
    examples: ['quorate unjam', 'quorate unjam --yes'],
    load: async () => await import('../commands/unjam.ts'),
  },
  {
    name: 'unlock',
    group: 'Upkeep',
    json: 'value',
    asksForName: 'unless `--preview` is given',
    summary: 'show who holds the lock, and remove a lock left behind',
    description:
      "Shows the lock's holder on each machine, asks for the cluster's name, and removes the locks that it showed. A holder that still runs stops at its next step. It refuses while the holder is at work, unless you give --force. Safe to run again. You rarely need it: if a holder gives no sign of life, its lock is taken over after 30 s.",
    options: [
      { flags: '--preview', description: 'show who holds the lock, and remove nothing' },
      { flags: '--force', description: 'remove the lock even while its holder is at work' },
      {
        flags: '--confirm <name>',
        value: 'own',
        description: "the cluster's name, where there is no terminal to type it on",
      },
    ],
    examples: ['quorate unlock --preview', 'quorate unlock', 'quorate unlock --confirm my-cluster'],
    load: async () => await import('../commands/unlock.ts'),
  },
]
