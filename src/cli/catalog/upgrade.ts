/** The command that changes the version of etcd. */
import type { CommandDefinition } from '../command.ts'
import { PROBE_OPTIONS } from './probe-options.ts'

export const UPGRADE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'upgrade',
    group: 'The cluster',
    json: { eventsIf: 'without `--check`' },
    summary: 'Upgrade or downgrade etcd, one member at a time',
    description:
      'Checks everything first, reports all blockers at once, shows the steps, and asks. Then it takes a snapshot, upgrades one follower, watches it, and upgrades the others, the leader last. At the end it verifies the running versions and writes the version into the cluster file. One minor version at a time. From 3.7 and 3.6 it can downgrade by one minor version, as etcd supports it. Safe to interrupt and to rerun; --abort returns to the version in the cluster file. Exit code 8 means blocked.',
    options: [
      {
        flags: '--to <version>',
        value: 'version',
        description: 'Version to run, for example 3.7.3',
      },
      { flags: '--abort', description: 'Return to the version in the cluster file' },
      { flags: '--check', description: 'Show the steps and the blockers, and change nothing' },
      {
        flags: '--suite <suite>',
        value: 'suite',
        description: 'Debian suite to install from, if the source is Debian',
      },
      {
        flags: '--path <path>',
        value: 'path',
        description: 'Directory or archive to install from, if the source is a file',
      },
      {
        flags: '--sha256 <arch=sum...>',
        value: 'own',
        description:
          'Checksums of the new version, if the cluster file pins them: ARCH=SUM, or ARCH/PROGRAM=SUM',
      },
      {
        flags: '--watch <seconds>',
        value: 'count',
        description: 'Seconds to watch the first member before the others (default: 10)',
      },
      ...PROBE_OPTIONS,
    ],
    examples: ['quorate upgrade --to 3.7.3 --check', 'quorate upgrade --to 3.7.3', 'quorate upgrade --abort'],
    load: async () => await import('../commands/upgrade.ts'),
  },
]
