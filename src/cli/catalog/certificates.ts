/** Commands about certificates. */
import type { CommandDefinition } from '../command.ts'
import { PROBE_OPTIONS } from './probe-options.ts'

export const CERTIFICATE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'certs list',
    group: 'Certificates',
    json: 'value',
    summary: 'List certificates and their expiry dates',
    description:
      'Changes nothing. Shows the certificates and the CA of every member, read from the nodes, and those of clients and the operator in the state directory. Exit code 1 means that one has expired or that some nodes could not be asked. If no node could be asked, the exit code is 69, 76 or 77.',
    examples: [
      'quorate certs list',
      'quorate certs list -v',
      "quorate certs list --json | jq '.certificates[] | {owner, daysLeft}'",
    ],
    load: async () => await import('../commands/certs-list.ts'),
  },
  {
    name: 'certs client',
    group: 'Certificates',
    json: 'value',
    summary: 'Issue a client certificate',
    description:
      'For an API server, flannel or a person. Creates a key on this workstation (mode 0600) and has the CA sign a certificate for it. NAME becomes the common name, which etcd uses as the user name. A rerun keeps a valid certificate and renews one that expires soon. It connects to no etcd node.',
    arguments: [
      { syntax: '<name>', value: 'common-name', description: 'Common name, for example kube-apiserver' },
    ],
    options: [
      {
        flags: '--out <dir>',
        value: 'path',
        description: 'Directory for NAME.key, NAME.crt and ca.crt (default: clients in the state directory)',
      },
      {
        flags: '--days <n>',
        value: 'count',
        description: 'Days of validity (default: pki.days of the cluster file)',
      },
      { flags: '--renew', description: 'Renew a certificate that is still valid; the key stays' },
    ],
    examples: [
      'quorate certs client anna --days 30',
      'quorate certs client kube-apiserver --out /etc/kubernetes/pki/etcd',
      'quorate certs client anna --renew',
    ],
    load: async () => await import('../commands/certs-client.ts'),
  },
  {
    name: 'certs renew',
    group: 'Certificates',
    json: 'events',
    summary: 'Renew certificates without a restart',
    description:
      'Renews certificates that are past two-thirds of their validity period: of members, of clients in the state directory, and of the backup node. With NODE it renews only those of these members. Shows the certificates and asks. Keys stay and nothing restarts. Afterwards it verifies that every member serves the new certificate on both ports. Also works after all have expired. It refuses to sign with a CA that expires soon: see `quorate certs rotate-ca`. Safe to interrupt and to rerun.',
    arguments: [
      { syntax: '[node...]', description: 'Names of etcd nodes (default: all)', values: 'etcd-nodes' },
    ],
    options: [
      {
        flags: '--older-than <share>',
        value: 'own',
        description: 'Renew those past this part of their validity period: 2/3, 0.5 or 80% (default: 2/3)',
      },
      { flags: '--all', description: 'Renew every certificate, even a new one' },
      ...PROBE_OPTIONS,
    ],
    examples: [
      'quorate certs renew',
      'quorate certs renew etcd02 --all',
      'quorate certs renew --older-than 1/2 --yes',
    ],
    load: async () => await import('../commands/certs-renew.ts'),
  },
  {
    name: 'certs rotate-ca',
    group: 'Certificates',
    json: 'events',
    summary: 'Rotate the cluster CA without downtime',
    description:
      'Has three stages. It shows each stage and asks. First, every member trusts both CAs (members restart one at a time, the leader last). Second, the new CA issues all certificates (nothing restarts). Third, with --finish, the old CA is removed (members restart one at a time). Before the second stage clients need the new ca.crt; before the third, a certificate from the new CA. Until then --abort returns to the old CA. It refuses to remove a CA that is still in use. Safe to interrupt and to rerun.',
    options: [
      { flags: '--trust-only', description: 'Stop after the first stage, so that you can distribute ca.crt' },
      {
        flags: '--finish',
        description: 'Remove the old CA; members then refuse its certificates',
      },
      { flags: '--abort', description: 'Return to the old CA and remove the new one' },
      ...PROBE_OPTIONS,
    ],
    examples: [
      'quorate certs rotate-ca --trust-only',
      'quorate certs rotate-ca',
      'quorate certs rotate-ca --finish',
    ],
    load: async () => await import('../commands/certs-rotate-ca.ts'),
  },
  {
    name: 'certs csr',
    group: 'Certificates',
    json: 'value',
    summary: 'Write certificate requests for an offline CA',
    description:
      'For pki.authority.offline. Creates keys on the nodes, where they stay, and writes the requests to a directory. The directory contains no secret, and a README.txt that shows how to sign. Safe to rerun.',
    options: [{ flags: '--out <dir>', value: 'path', description: 'Directory for the requests (required)' }],
    examples: ['quorate certs csr --out requests'],
    load: async () => await import('../commands/certs-csr.ts'),
  },
  {
    name: 'certs import',
    group: 'Certificates',
    json: 'value',
    summary: 'Import certificates signed by the offline CA',
    description:
      'Checks the key, names, usages, issuer and validity of every certificate in the directory. Changes nothing on the nodes: run apply afterwards. Keeps the valid certificates. Exit code 4 means that one is missing or refused. Safe to rerun.',
    arguments: [
      {
        syntax: '<dir>',
        value: 'input-file',
        description: 'Directory with the signed certificates',
        values: 'files',
      },
    ],
    examples: ['quorate certs import requests && quorate apply'],
    load: async () => await import('../commands/certs-import.ts'),
  },
]
