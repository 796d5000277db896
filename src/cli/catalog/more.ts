/** Labs, and commands about quorate itself. */
import type { CommandDefinition } from '../command.ts'

export const MORE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'lab up',
    group: 'More',
    json: 'value',
    summary: 'Start the nodes as containers on this workstation',
    description:
      'For tests and tutorials. Needs root and Debian. Boots every node of the cluster file as a systemd-nspawn container. Safe to rerun.',
    examples: ['quorate lab up', 'quorate -f lab.yaml lab up'],
    load: async () => await import('../commands/lab-up.ts'),
  },
  {
    name: 'lab down',
    group: 'More',
    json: 'value',
    summary: 'Power the containers of the lab off',
    options: [{ flags: '--purge', description: 'Delete the containers and their files as well' }],
    examples: ['quorate lab down', 'quorate lab down --purge'],
    load: async () => await import('../commands/lab-down.ts'),
  },
  {
    name: 'lab status',
    group: 'More',
    json: 'value',
    summary: 'Show which containers of the lab run',
    description: 'Changes nothing. Exit code 0 means that all of them run.',
    examples: ['quorate lab status', 'quorate lab status --json'],
    load: async () => await import('../commands/lab-status.ts'),
  },
  {
    name: 'explain',
    group: 'More',
    json: 'value',
    summary: 'Describe a cluster file key, an error or an alarm',
    description:
      'For a key of the cluster file: its type, default, limits and an example. For an error code or an exit code: what it means, what was changed, and what to do. For one error (CODE/ID, as its `docs` line names it): its message, too. For an alarm of etcd (nospace, corrupt): what it means, what to do, and its runbook. Reads no cluster file and connects to no node. Changes nothing.',
    arguments: [
      {
        syntax: '<topic>',
        description:
          'A key such as nodes.roles, an error code, an error as CODE/ID, an alarm, or an exit code',
        values: 'topics',
      },
    ],
    examples: [
      'quorate explain nodes.roles',
      'quorate explain blocked',
      'quorate explain locked/another-operator-holds-the-lock',
      'quorate explain nospace',
      "quorate explain kubernetes.apiServer --json | jq '.found[].keys'",
    ],
    load: async () => await import('../commands/explain.ts'),
  },
  {
    name: 'completion',
    group: 'More',
    json: 'none',
    summary: 'Print a completion script for your shell',
    arguments: [
      { syntax: '<shell>', description: 'Shell: bash, zsh or fish', values: ['bash', 'zsh', 'fish'] },
    ],
    examples: [
      'quorate completion bash >/etc/bash_completion.d/quorate',
      'source <(quorate completion zsh)',
      'quorate completion fish >~/.config/fish/completions/quorate.fish',
    ],
    load: async () => await import('../commands/completion.ts'),
  },
  {
    name: '__complete',
    group: 'More',
    json: 'none',
    hidden: true,
    summary: 'Print candidates for the word under the cursor',
    rest: { syntax: 'WORDS…', description: 'Arguments after quorate, up to the cursor' },
    load: async () => await import('../commands/complete.ts'),
  },
  {
    name: 'version',
    group: 'More',
    json: 'value',
    summary: 'Print the version of quorate and of Node.js',
    load: async () => await import('../commands/version.ts'),
  },
]
