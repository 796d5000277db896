/** Commands about Kubernetes. */
import type { CommandDefinition } from '../command.ts'

export const KUBERNETES_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'kubeconfig',
    group: 'Certificates',
    json: 'value',
    asksForName: 'with `--group system:masters`',
    summary: 'Write a kubeconfig for a person',
    description:
      'Creates a key on this workstation and has the Kubernetes CA sign a certificate for it. Writes both to one file of mode 0600, with the CA and the address of the load balancer. Rerun it for a new key and certificate. It replaces only a file that quorate wrote for this cluster. It connects to no node.',
    options: [
      {
        flags: '--user <name>',
        value: 'common-name',
        description: 'User name for the API server (default: admin)',
      },
      {
        flags: '--group <name...>',
        value: 'own',
        description:
          'Group of the user for the API server (default: kubeadm:cluster-admins, unless --user is given)',
      },
      {
        flags: '--days <n>',
        value: 'count',
        description: 'Days of validity (default: kubernetes.pki.days of the cluster file)',
      },
      {
        flags: '--out <file>',
        value: 'path',
        description: 'File to write (default: kubernetes/users/NAME.conf in the state directory)',
      },
      {
        flags: '--confirm <name>',
        value: 'own',
        description: 'Name of the cluster, for the group system:masters without a terminal',
      },
    ],
    examples: [
      'quorate kubeconfig',
      'quorate kubeconfig --user anna --group developers',
      'quorate kubeconfig --user anna --group developers --days 30 --out anna.conf',
    ],
    load: async () => await import('../commands/kubeconfig.ts'),
  },
]
