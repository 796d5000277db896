/** Members come and go. */
import type { CommandDefinition } from '../command.ts'
import { PROBE_OPTIONS } from './probe-options.ts'

const NEW_NODE: NonNullable<CommandDefinition['options']> = [
  {
    flags: '--address <address>',
    value: 'address',
    description: 'its IP address, for a node that is not in the cluster file yet',
  },
  { flags: '--ssh-host <host>', value: 'host', description: 'how ssh reaches it (default: its address)' },
  {
    flags: '--user <name>',
    value: 'user',
    description: 'who logs in there, where it is not who logs in everywhere',
  },
  { flags: '--port <n>', value: 'port', description: "sshd's port there" },
  { flags: '--identity-file <path>', value: 'path', description: 'private key for SSH there' },
  { flags: '--jump <hosts>', value: 'jump', description: 'go through these hosts (ProxyJump)' },
]

export const MEMBER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'member add',
    group: 'The cluster',
    json: 'events',
    summary: 'a further member: in the cluster file, then on its machine',
    description:
      'For a node of the cluster file, which gets the role etcd if it has not; or with --address for a new one, which is written into the file. Its machine has to pass preflight. It joins as a learner, without a vote (etcd 3.4 and newer), and gets its vote once it has caught up. Shows first what it will do, and what that means for the quorum. Safe to interrupt: the same command, or an apply, finishes it.',
    arguments: [{ syntax: '<node>', value: 'name', description: 'its name', values: 'nodes' }],
    options: [...NEW_NODE, ...PROBE_OPTIONS],
    examples: [
      'quorate member add etcd04 --address 198.18.9.14',
      'quorate member add worker01',
      'quorate member add etcd04 --address 198.18.9.14 --user admin --yes --json',
    ],
    load: async () => await import('../commands/member-add.ts'),
  },
  {
    name: 'member remove',
    group: 'The cluster',
    json: 'events',
    summary: 'members leave: the cluster file first, then the cluster, then their machines are cleared',
    description:
      'Takes the role etcd from the nodes, or the nodes out of the cluster file if that is all they are; removes their members one at a time, leadership moved away first; then stops etcd on their machines and moves its data aside. Refused where the quorum would be lost, with the arithmetic. A machine that can not be reached is left as it is, and is cleared by the same command when it is back.',
    arguments: [
      {
        syntax: '<nodes...>',
        description: 'names of etcd nodes; several dead ones together',
        values: 'etcd-nodes',
      },
    ],
    options: [...PROBE_OPTIONS],
    examples: ['quorate member remove etcd03', 'quorate member remove etcd04 etcd05 --yes'],
    load: async () => await import('../commands/member-remove.ts'),
  },
  {
    name: 'member replace',
    group: 'The cluster',
    json: 'events',
    summary: 'a member by another node, or anew on its own machine',
    description:
      'By another node: one that lives leaves when the newcomer has its vote, a dead one before. On its own machine (rebuilt, or its data lost): removed, what is left of its data moved aside, and added anew. One that is healthy there is only made anew where --anew names its ID, so that a second run does nothing.',
    arguments: [
      { syntax: '<old>', description: 'the member that goes', values: 'etcd-nodes' },
      {
        syntax: '[new]',
        value: 'name',
        description: 'the node that takes its place; its own unless given',
        values: 'nodes',
      },
    ],
    options: [
      ...NEW_NODE,
      {
        flags: '--anew <id>',
        value: 'member-id',
        description: 'the ID of the healthy member that is to be made anew on its own node',
      },
      ...PROBE_OPTIONS,
    ],
    examples: [
      'quorate member replace etcd03',
      'quorate member replace etcd03 etcd04 --address 198.18.9.14',
      'quorate member replace etcd03 --anew 8e9e05c52164694d',
    ],
    load: async () => await import('../commands/member-replace.ts'),
  },
]
