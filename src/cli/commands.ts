/** All commands, in the order in which help lists them. */
import type { CommandDefinition } from './command.ts'

export const COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'plan',
    group: 'The cluster',
    summary: 'show what apply would change, host by host; exit code 2 if there is anything',
    options: [
      {
        flags: '--out <file>',
        description: 'write the plan to a file for apply, which refuses it if the hosts have moved since',
      },
    ],
    examples: ['quorate plan', 'quorate plan --out friday.plan && quorate apply friday.plan'],
    load: async () => await import('./commands/plan.ts'),
  },
  {
    name: 'apply',
    group: 'The cluster',
    summary: 'bring the machines to what the cluster file says; safe to run again at any time',
    arguments: [
      { syntax: '[plan]', description: 'a file that `quorate plan --out` wrote: exactly that, or nothing' },
    ],
    load: async () => await import('./commands/apply.ts'),
  },
  {
    name: 'status',
    group: 'The cluster',
    summary: 'health of every member; exit code 0 only if the cluster is healthy',
    load: async () => await import('./commands/status.ts'),
  },
  {
    name: 'lab up',
    group: 'More',
    summary: "boot the file's machines as containers on this computer (root, Debian)",
    load: async () => await import('./commands/lab-up.ts'),
  },
  {
    name: 'lab down',
    group: 'More',
    summary: 'power them off',
    options: [{ flags: '--purge', description: 'and remove every trace of them' }],
    load: async () => await import('./commands/lab-down.ts'),
  },
  {
    name: 'lab status',
    group: 'More',
    summary: 'which of them run; exit code 0 only if all do',
    load: async () => await import('./commands/lab-status.ts'),
  },
]
