/** Commands that look at the machines, or run something on them. */
import type { CommandDefinition } from '../command.ts'

export const MACHINE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'trust',
    group: 'Machines',
    json: 'value',
    summary: "look at the machines' SSH host keys and record them",
    description:
      'Fingerprints of new keys are shown for comparison with what the machines themselves say (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), and recorded after a yes. Jump hosts on the way are among them. A key that differs from the one recorded is refused unless --replace is given.',
    arguments: [{ syntax: '[nodes...]', description: 'names of nodes; all unless given', values: 'nodes' }],
    options: [{ flags: '--replace', description: 'record changed keys too, in place of the old ones' }],
    examples: ['quorate trust', 'quorate trust etcd02 --replace', 'quorate trust --yes'],
    load: async () => await import('../commands/trust.ts'),
  },
  {
    name: 'run',
    group: 'Machines',
    json: 'value',
    summary: 'run a command on all nodes of a role, in parallel',
    description:
      "Prints each machine's output under the prompt it would have there, in the order of the cluster file. Exit code 1 if the command failed on any of them.",
    arguments: [
      {
        syntax: '<selector>',
        description: 'a role (etcd, master, worker, service), a group, a node, or common for all',
        values: 'selectors',
      },
    ],
    rest: { syntax: 'COMMAND…', description: 'program and arguments, passed on unchanged' },
    options: [
      { flags: '--root', description: 'as root, through sudo where the login is another user' },
      { flags: '--stdin', description: 'what comes on standard input goes to every machine' },
    ],
    examples: [
      'quorate run etcd -- ls -la /etc',
      'quorate run common -- uptime',
      'quorate run etcd --root -- journalctl -u etcd -n 20',
      "quorate run worker01 -- sh -c 'df -h | tail -n +2'",
    ],
    load: async () => await import('../commands/run.ts'),
  },
  {
    name: 'preflight',
    group: 'Machines',
    json: 'value',
    summary: 'whether the machines fit, before anything is changed',
    description:
      'Looks at size, system, clocks, ports, the way between peers, names, networks and the speed of disks. A machine that can not be reached is a failure in the report. Warnings never block an apply, failures block the first one. Exit code 3 if there is a failure.',
    examples: ['quorate preflight', 'quorate preflight -v', 'quorate preflight --json | jq .summary'],
    load: async () => await import('../commands/preflight.ts'),
  },
]
