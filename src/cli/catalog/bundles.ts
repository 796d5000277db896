/** Air-gap bundles: Kubernetes' programs and images as one file. */
import type { CommandDefinition } from '../command.ts'

export const BUNDLE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'bundle create',
    group: 'The cluster',
    json: 'value',
    summary: 'pack Kubernetes for nodes without a registry',
    description:
      'Obtains the programs and images of Kubernetes as the cluster file says, verifies them, and writes them into one tar with a manifest of checksums. Name that file as kubernetes.source.folder where there is no internet. Images of a release are pulled by skopeo; those of a Kubernetes built from Go modules are made here. No node is asked or changed. An existing file is never replaced. Safe to interrupt and to run again.',
    arguments: [{ syntax: '<file>', value: 'path', description: 'the bundle to make', values: 'files' }],
    options: [
      {
        flags: '--arch <list>',
        value: 'own',
        description: 'amd64, arm64, or both with a comma between (default: as this computer)',
      },
    ],
    examples: [
      'quorate bundle create kubernetes.tar',
      'quorate bundle create --arch amd64,arm64 kubernetes.tar',
      'quorate bundle create kubernetes.tar --json | jq -r .sha256',
    ],
    load: async () => await import('../commands/bundle-create.ts'),
  },
  {
    name: 'bundle verify',
    group: 'The cluster',
    json: 'value',
    summary: 'compare every checksum in a bundle',
    description:
      'Reads the whole bundle and shows what it has. Works without a cluster file, also on a bundle that was unpacked into a directory. It says whether the bundle is whole; whether it is the one that you made tells its SHA-256 alone. Exit code 5: it is not sound.',
    arguments: [
      {
        syntax: '<file>',
        value: 'path',
        description: 'a bundle, or the directory that it was unpacked into',
        values: 'files',
      },
    ],
    examples: ['quorate bundle verify kubernetes.tar', 'quorate bundle verify kubernetes.tar --json'],
    load: async () => await import('../commands/bundle-verify.ts'),
  },
]
