/** Commands about air-gap bundles: the programs and images of Kubernetes in one file. */
import type { CommandDefinition } from '../command.ts'

export const BUNDLE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'bundle create',
    group: 'The cluster',
    json: 'value',
    summary: 'Create an air-gap bundle of Kubernetes',
    description:
      'Obtains and verifies the programs and images that the cluster file names. Writes them into one tar file with a manifest of checksums. Without internet access, set kubernetes.source.folder to that file. skopeo pulls the images of a release; quorate builds those of a Kubernetes from Go modules. It connects to no node and refuses to replace an existing file. Safe to interrupt and to rerun.',
    arguments: [{ syntax: '<file>', value: 'path', description: 'Bundle to create', values: 'files' }],
    options: [
      {
        flags: '--arch <list>',
        value: 'own',
        description:
          'Architectures: amd64, arm64, or both separated by a comma (default: as the workstation)',
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
    summary: 'Verify every checksum in an air-gap bundle',
    description:
      'Reads the whole bundle and shows its contents. Works without a cluster file, also on a bundle that is unpacked into a directory. It proves that the bundle is complete. To prove that it is your bundle, compare its SHA-256. Exit code 5 means that the bundle is damaged.',
    arguments: [
      {
        syntax: '<file>',
        value: 'path',
        description: 'Bundle, or the directory that it is unpacked in',
        values: 'files',
      },
    ],
    examples: ['quorate bundle verify kubernetes.tar', 'quorate bundle verify kubernetes.tar --json'],
    load: async () => await import('../commands/bundle-verify.ts'),
  },
]
