/** Commands that inspect the nodes, or run something on them. */
import type { CommandDefinition } from '../command.ts'

export const MACHINE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'trust',
    group: 'Nodes',
    json: 'value',
    summary: 'Compare and record the SSH host keys of the nodes',
    description:
      'Shows the fingerprints of new keys, also of jump hosts, and asks before it records them. Compare them with the output of `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on each node. It refuses a key that differs from the recorded one unless you give --replace. Changes nothing on the nodes. Safe to rerun.',
    arguments: [{ syntax: '[nodes...]', description: 'Names of nodes (default: all)', values: 'nodes' }],
    options: [{ flags: '--replace', description: 'Record changed keys too, in place of the old ones' }],
    examples: ['quorate trust', 'quorate trust --yes', 'quorate trust etcd02 --replace'],
    load: async () => await import('../commands/trust.ts'),
  },
  {
    name: 'run',
    group: 'Nodes',
    json: 'value',
    summary: 'Run a command on nodes in parallel',
    description:
      'Prints the output of each node below a prompt, in the order of the cluster file. quorate does not check what the command changes. Exit code 1 means that the command failed on at least one node.',
    arguments: [
      {
        syntax: '<selector>',
        description: 'A role (etcd, master, worker, service), a group, a node, or all (every node)',
        values: 'selectors',
      },
    ],
    rest: { syntax: 'COMMAND…', description: 'Program and arguments, passed on unchanged' },
    options: [
      { flags: '--root', description: 'Run as root, with sudo if the login user is not root' },
      { flags: '--stdin', description: 'Send standard input to every node' },
    ],
    examples: [
      'quorate run all -- uptime',
      'quorate run etcd --root -- journalctl -u etcd -n 20',
      "quorate run worker01 -- sh -c 'df -h | tail -n +2'",
    ],
    load: async () => await import('../commands/run.ts'),
  },
  {
    name: 'preflight',
    group: 'Nodes',
    json: 'value',
    summary: 'Check that the nodes meet the requirements',
    description:
      'Checks hardware, operating system, clocks, ports, routes between peers, names, networks and disk speed. Changes nothing. An unreachable node is a failure. Failures block the first apply; warnings block nothing. Exit code 3 means failures.',
    examples: ['quorate preflight', 'quorate preflight -v', 'quorate preflight --json | jq .summary'],
    load: async () => await import('../commands/preflight.ts'),
  },
]
