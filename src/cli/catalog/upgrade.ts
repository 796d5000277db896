/** Another version of etcd. */
import type { CommandDefinition } from '../command.ts'
import { PROBE_OPTIONS } from './probe-options.ts'

export const UPGRADE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'upgrade',
    group: 'The cluster',
    json: { eventsIf: 'without `--check`' },
    summary: 'another version of etcd, member by member, or back',
    description:
      'Checks everything first and says all that speaks against it at once; then shows what it will do and asks. Takes a snapshot, upgrades one follower, watches it, then the others, the leader last; verifies what really runs, and writes the version into the cluster file. One minor version at a time. Interrupted anywhere, the same command goes on; --abort goes back to the version in the file. From 3.7 and 3.6 it can also downgrade to the minor before, by the means that etcd has for it. Exit code 8: blocked, with the reasons (docs/guides/upgrade.md).',
    options: [
      {
        flags: '--to <version>',
        value: 'version',
        description: 'the version to run, like 3.7.3',
      },
      { flags: '--abort', description: 'go back to the version in the cluster file' },
      { flags: '--check', description: 'only show what it would do, and what speaks against it' },
      {
        flags: '--suite <suite>',
        value: 'suite',
        description: "Debian's suite to take it from, where the file's source is Debian",
      },
      {
        flags: '--path <path>',
        value: 'path',
        description: "the folder or archive, where the file's source is a file",
      },
      {
        flags: '--sha256 <arch=sum...>',
        value: 'own',
        description:
          "the new version's checksums, if the cluster file pins them: of the archive, or ARCH/PROGRAM=SUM",
      },
      {
        flags: '--watch <seconds>',
        value: 'count',
        description: 'how long the first member is watched before the others (default: 10)',
      },
      ...PROBE_OPTIONS,
    ],
    examples: [
      'quorate upgrade --to 3.7.3 --check',
      'quorate upgrade --to 3.7.3',
      'quorate upgrade --abort',
      'quorate upgrade --to 3.7.3 --yes --json',
    ],
    load: async () => await import('../commands/upgrade.ts'),
  },
]
