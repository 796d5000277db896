/** Commands that add, remove and replace members. */
import type { CommandDefinition } from '../command.ts'
import { PROBE_OPTIONS } from './probe-options.ts'

const NEW_NODE: NonNullable<CommandDefinition['options']> = [
  {
    flags: '--address <address>',
    value: 'address',
    description: 'IP address of a node that is not in the cluster file yet',
  },
  {
    flags: '--ssh-host <host>',
    value: 'host',
    description: 'Host name or address for SSH (default: the address of the node)',
  },
  {
    flags: '--user <name>',
    value: 'user',
    description: 'Login user for SSH on this node (default: the one of the cluster file)',
  },
  { flags: '--port <n>', value: 'port', description: 'SSH port of this node' },
  { flags: '--identity-file <path>', value: 'path', description: 'Private key for SSH to this node' },
  { flags: '--jump <hosts>', value: 'jump', description: 'Jump hosts, as for ssh -J (ProxyJump)' },
]

export const MEMBER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'member add',
    group: 'The cluster',
    json: 'events',
    summary: 'Add a member to the cluster',
    description:
      'Takes a node of the cluster file and gives it the role etcd, or with --address writes a new node into the file. The node must pass preflight. It joins as a learner (etcd 3.4 and newer) and becomes a voting member once it has caught up. Shows the steps and the effect on the quorum, and asks. Safe to interrupt and to rerun; apply finishes it too.',
    arguments: [{ syntax: '<node>', value: 'name', description: 'Name of the node', values: 'nodes' }],
    options: [...NEW_NODE, ...PROBE_OPTIONS],
    examples: [
      'quorate member add worker01',
      'quorate member add etcd04 --address 198.18.9.14',
      'quorate member add etcd04 --address 198.18.9.14 --user admin --yes --json',
    ],
    load: async () => await import('../commands/member-add.ts'),
  },
  {
    name: 'member remove',
    group: 'The cluster',
    json: 'events',
    summary: 'Remove members and decommission their nodes',
    description:
      'Removes the role etcd from the nodes in the cluster file, or the nodes if they have no other role. Then it removes the members one at a time, after moving leadership away. Last it stops etcd on the nodes and renames the data: nothing is deleted. It refuses to lose the quorum, and shows the numbers. An unreachable node is left unchanged; rerun the command when it is back. Safe to interrupt and to rerun.',
    arguments: [
      {
        syntax: '<nodes...>',
        description: 'Names of etcd nodes; name several failed ones together',
        values: 'etcd-nodes',
      },
    ],
    options: [...PROBE_OPTIONS],
    examples: [
      'quorate member remove etcd03',
      'quorate member remove etcd04 etcd05',
      'quorate member remove etcd04 etcd05 --yes --json',
    ],
    load: async () => await import('../commands/member-remove.ts'),
  },
  {
    name: 'member replace',
    group: 'The cluster',
    json: 'events',
    summary: 'Replace a member, or rebuild it on the same node',
    description:
      'With a new node: a running member leaves after the new member votes; a failed member leaves first. On the same node, after a reinstall or a data loss: the member is removed, its old data is renamed, and it is added again. A healthy member is rebuilt only if --recreate names its member ID, so that a second run does nothing. Safe to interrupt and to rerun.',
    arguments: [
      { syntax: '<old>', description: 'Member to replace', values: 'etcd-nodes' },
      {
        syntax: '[new]',
        value: 'name',
        description: 'Node that takes its place (default: the same node)',
        values: 'nodes',
      },
    ],
    options: [
      ...NEW_NODE,
      {
        flags: '--recreate <id>',
        formerly: '--anew',
        value: 'member-id',
        description: 'Rebuild a healthy member on its own node; ID is its member ID',
      },
      ...PROBE_OPTIONS,
    ],
    examples: [
      'quorate member replace etcd03',
      'quorate member replace etcd03 etcd04 --address 198.18.9.14',
      'quorate member replace etcd03 --recreate 8e9e05c52164694d',
    ],
    load: async () => await import('../commands/member-replace.ts'),
  },
]
