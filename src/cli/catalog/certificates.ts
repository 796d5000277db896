/** Commands about certificates. */
import type { CommandDefinition } from '../command.ts'

export const CERTIFICATE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'certs list',
    group: 'Certificates',
    summary: 'whose they are, their names, issuer and days left',
    description:
      "Every member's certificates and CA as they are on the machines, and those of clients and the operator in quorate's folder. Exit code 1 if one has expired or a machine could not be asked.",
    examples: ['quorate certs list', "quorate certs list --json | jq '.certificates[] | {owner, daysLeft}'"],
    load: async () => await import('../commands/certs-list.ts'),
  },
  {
    name: 'certs client',
    group: 'Certificates',
    summary: 'a certificate for an API server, flannel or a person',
    description:
      'Makes the key here (mode 0600) and has the CA sign a certificate for it; run again it keeps what is good and renews what is about to expire. NAME becomes the common name, which etcd takes for the user.',
    arguments: [{ syntax: '<name>', description: 'whose it is, e.g. kube-apiserver' }],
    options: [
      {
        flags: '--out <dir>',
        description: "folder for NAME.key, NAME.crt and ca.crt (default: clients in quorate's folder)",
      },
      { flags: '--days <n>', description: 'how long it is valid (default: pki.days of the cluster file)' },
      { flags: '--renew', description: 'issue anew even if the present one is good; the key stays' },
    ],
    examples: [
      'quorate certs client kube-apiserver --out /etc/kubernetes/pki/etcd',
      'quorate certs client anna --days 30',
    ],
    load: async () => await import('../commands/certs-client.ts'),
  },
  {
    name: 'certs csr',
    group: 'Certificates',
    summary: 'write the requests that an offline CA has to sign',
    description:
      'For pki.authority.offline. Keys are made on their nodes and stay there; only requests come here. The folder holds nothing secret, and a README.txt that shows how to sign.',
    options: [{ flags: '--out <dir>', description: 'folder for the requests (required)' }],
    examples: ['quorate certs csr --out requests'],
    load: async () => await import('../commands/certs-csr.ts'),
  },
  {
    name: 'certs import',
    group: 'Certificates',
    summary: 'take what the offline CA signed',
    description:
      'Looks at every certificate in the folder: key, names, usages, issuer, validity. Exit code 4 if one is refused or missing; the good ones are kept all the same.',
    arguments: [{ syntax: '<dir>', description: 'the folder, signed', values: 'files' }],
    examples: ['quorate certs import requests && quorate apply'],
    load: async () => await import('../commands/certs-import.ts'),
  },
]
