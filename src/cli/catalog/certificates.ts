/** Commands about certificates. */
import type { CommandDefinition } from '../command.ts'
import { PROBE_OPTIONS } from './probe-options.ts'

export const CERTIFICATE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'certs list',
    group: 'Certificates',
    json: 'value',
    summary: 'whose they are, their names, issuer and days left',
    description:
      "Every member's certificates and CA as they are on the machines, and those of clients and the operator in quorate's folder. Exit code 1 if one has expired, or if some machines could not be asked; if none could, the code says why (69, 76, 77).",
    examples: ['quorate certs list', "quorate certs list --json | jq '.certificates[] | {owner, daysLeft}'"],
    load: async () => await import('../commands/certs-list.ts'),
  },
  {
    name: 'certs client',
    group: 'Certificates',
    json: 'value',
    summary: 'a certificate for an API server, flannel or a person',
    description:
      'Makes the key here (mode 0600) and has the CA sign a certificate for it; run again it keeps what is good and renews what is about to expire. NAME becomes the common name, which etcd takes for the user.',
    arguments: [{ syntax: '<name>', value: 'common-name', description: 'whose it is, e.g. kube-apiserver' }],
    options: [
      {
        flags: '--out <dir>',
        value: 'path',
        description: "folder for NAME.key, NAME.crt and ca.crt (default: clients in quorate's folder)",
      },
      {
        flags: '--days <n>',
        value: 'count',
        description: 'how long it is valid (default: pki.days of the cluster file)',
      },
      { flags: '--renew', description: 'issue anew even if the present one is good; the key stays' },
    ],
    examples: [
      'quorate certs client kube-apiserver --out /etc/kubernetes/pki/etcd',
      'quorate certs client anna --days 30',
    ],
    load: async () => await import('../commands/certs-client.ts'),
  },
  {
    name: 'certs renew',
    group: 'Certificates',
    json: 'events',
    summary: 'issue certificates anew while everything runs on',
    description:
      'Those of the members, of the clients whose keys are kept here, and of the node that takes backups on a schedule, that are past a share of their life; with NODE of these members alone. Keys stay, nothing restarts, and afterwards every member is dialled on both ports to see that it serves the new one. Works as well once everything has expired. Shows what it will do and asks first. A CA that is about to expire is refused: see `quorate certs rotate-ca`.',
    arguments: [{ syntax: '[node...]', description: 'etcd nodes; all unless given', values: 'etcd-nodes' }],
    options: [
      {
        flags: '--older-than <share>',
        value: 'own',
        description: 'which are due: past this share of their life, as 2/3, 0.5 or 80% (default: 2/3)',
      },
      { flags: '--all', description: 'however young they are' },
      ...PROBE_OPTIONS,
    ],
    examples: [
      'quorate certs renew',
      'quorate certs renew --older-than 1/2 --yes',
      'quorate certs renew etcd02 --all',
    ],
    load: async () => await import('../commands/certs-renew.ts'),
  },
  {
    name: 'certs rotate-ca',
    group: 'Certificates',
    json: 'events',
    summary: 'exchange the CA of a running cluster for a new one',
    description:
      'In three stages, each shown first and asked for: every member trusts the new CA beside the old one (restarted one at a time, leader last); certificates are issued from the new one (nothing restarts); and with --finish the old one is dropped (restarted one at a time again). Before the second, whoever uses the cluster needs the new ca.crt; before the last, a certificate from the new CA. Until then --abort goes back. Run it again after any interruption: where it stands is read from the machines.',
    options: [
      { flags: '--trust-only', description: 'stop after the first stage, to hand out ca.crt in peace' },
      {
        flags: '--finish',
        description: 'drop the old CA: whoever still depends on it is refused afterwards',
      },
      { flags: '--abort', description: 'have the old CA sign again, and drop the new one' },
      ...PROBE_OPTIONS,
    ],
    examples: [
      'quorate certs rotate-ca',
      'quorate certs rotate-ca --trust-only --yes',
      'quorate certs rotate-ca --finish',
      'quorate certs rotate-ca --abort',
    ],
    load: async () => await import('../commands/certs-rotate-ca.ts'),
  },
  {
    name: 'certs csr',
    group: 'Certificates',
    json: 'value',
    summary: 'write the requests that an offline CA has to sign',
    description:
      'For pki.authority.offline. Keys are made on their nodes and stay there; only requests come here. The folder holds nothing secret, and a README.txt that shows how to sign.',
    options: [{ flags: '--out <dir>', value: 'path', description: 'folder for the requests (required)' }],
    examples: ['quorate certs csr --out requests'],
    load: async () => await import('../commands/certs-csr.ts'),
  },
  {
    name: 'certs import',
    group: 'Certificates',
    json: 'value',
    summary: 'take what the offline CA signed',
    description:
      'Looks at every certificate in the folder: key, names, usages, issuer, validity. Exit code 4 if one is refused or missing; the good ones are kept all the same.',
    arguments: [{ syntax: '<dir>', value: 'input-file', description: 'the folder, signed', values: 'files' }],
    examples: ['quorate certs import requests && quorate apply'],
    load: async () => await import('../commands/certs-import.ts'),
  },
]
