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
      "Makes a key on this computer, has Kubernetes' CA sign a certificate for it, and writes both to one file of mode 0600, with the CA and the load balancer's address. Run it again for a new key and certificate. It replaces only a file that quorate wrote for this cluster. No machine is asked or changed.",
    options: [
      {
        flags: '--user <name>',
        value: 'common-name',
        description: 'the user, to the API server (default: admin)',
      },
      {
        flags: '--group <name...>',
        value: 'own',
        description:
          'a group of the user, to the API server (default: kubeadm:cluster-admins, if no user is given either)',
      },
      {
        flags: '--days <n>',
        value: 'count',
        description: 'how long it is valid (default: kubernetes.pki.days of the cluster file)',
      },
      {
        flags: '--out <file>',
        value: 'path',
        description: "the file (default: kubernetes/users/NAME.conf in quorate's folder)",
      },
      {
        flags: '--confirm <name>',
        value: 'own',
        description: "the cluster's name, instead of typing it: for the group system:masters",
      },
    ],
    examples: [
      'quorate kubeconfig',
      'quorate kubeconfig --user anna --group developers --days 30 --out anna.conf',
    ],
    load: async () => await import('../commands/kubeconfig.ts'),
  },
]
