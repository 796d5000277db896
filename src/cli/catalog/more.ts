/** Labs, and commands about quorate itself. */
import type { CommandDefinition } from '../command.ts'

export const MORE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'lab up',
    group: 'More',
    json: 'value',
    summary: "boot the file's machines as containers here (root, Debian)",
    load: async () => await import('../commands/lab-up.ts'),
  },
  {
    name: 'lab down',
    group: 'More',
    json: 'value',
    summary: 'power them off',
    options: [{ flags: '--purge', description: 'and remove every trace of them' }],
    load: async () => await import('../commands/lab-down.ts'),
  },
  {
    name: 'lab status',
    group: 'More',
    json: 'value',
    summary: 'which of them run; exit code 0 only if all do',
    load: async () => await import('../commands/lab-status.ts'),
  },
  {
    name: 'explain',
    group: 'More',
    json: 'value',
    summary: 'Describe a cluster file key or an error code',
    description:
      'For a key of the cluster file: its type, default, limits and an example. For an error code or an exit code: what it means, what was changed, and what to do. Reads no cluster file and connects to no node. Changes nothing.',
    arguments: [
      {
        syntax: '<topic>',
        description: 'a key such as nodes.roles, an error code, or an exit code',
        values: 'topics',
      },
    ],
    examples: [
      'quorate explain nodes.roles',
      'quorate explain blocked',
      "quorate explain kubernetes.apiServer --json | jq '.found[].keys'",
    ],
    load: async () => await import('../commands/explain.ts'),
  },
  {
    name: 'completion',
    group: 'More',
    json: 'none',
    summary: 'a script with which your shell completes words',
    arguments: [{ syntax: '<shell>', description: 'bash, zsh or fish', values: ['bash', 'zsh', 'fish'] }],
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
    summary: 'candidates for the word being typed',
    rest: { syntax: 'WORDS…', description: 'the words after quorate, up to the cursor' },
    load: async () => await import('../commands/complete.ts'),
  },
  {
    name: 'version',
    group: 'More',
    json: 'value',
    summary: 'the version of quorate, and of Node',
    load: async () => await import('../commands/version.ts'),
  },
]
