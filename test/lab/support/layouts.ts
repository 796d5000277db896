/**
 * Layouts of one member by other tools and packages, with their paths, users, units and settings. Written for these
 * tests from public information.
 */
import type { Shape } from './foreign.ts'
import { flags, quoted, transport, urls, yaml } from './layout-settings.ts'
import { KUBESPRAY } from './shapes.ts'

const UNIT = '/etc/systemd/system/etcd.service'

/**
 * All settings in flags, root everywhere, cfssl's file names, the CA's key next to its certificate, plaintext on
 * loopback.
 */
export const KUBEASZ: Shape = {
  suite: 'trixie',
  names: ['etcd-192.168.1.1'],
  ca: { certificate: '/etc/kubernetes/ssl/ca.pem', key: '/etc/kubernetes/ssl/ca-key.pem' },
  user: 'root',
  folders: ['/var/lib/etcd'],
  binaries: '/opt/kube/bin',
  unit: {
    path: UNIT,
    text: (member) => `[Unit]
Description=Etcd Server
After=network.target

[Service]
Type=notify
WorkingDirectory=/var/lib/etcd
ExecStart=/opt/kube/bin/etcd \\
${flags({
  name: member.name,
  'cert-file': '/etc/kubernetes/ssl/etcd.pem',
  'key-file': '/etc/kubernetes/ssl/etcd-key.pem',
  'peer-cert-file': '/etc/kubernetes/ssl/etcd.pem',
  'peer-key-file': '/etc/kubernetes/ssl/etcd-key.pem',
  'trusted-ca-file': '/etc/kubernetes/ssl/ca.pem',
  'peer-trusted-ca-file': '/etc/kubernetes/ssl/ca.pem',
  ...urls(member, 'https', ',http://127.0.0.1:2379'),
  'initial-cluster-token': 'etcd-cluster-0',
  'initial-cluster-state': 'new',
  'data-dir': '/var/lib/etcd',
  'wal-dir': '',
  'snapshot-count': '50000',
  'auto-compaction-retention': '1',
  'auto-compaction-mode': 'periodic',
  'max-request-bytes': '10485760',
  'quota-backend-bytes': '8589934592',
})}
Restart=always
RestartSec=15
LimitNOFILE=65536
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
`,
  },
  certificates: ({ address }) => [
    {
      certificate: '/etc/kubernetes/ssl/etcd.pem',
      key: '/etc/kubernetes/ssl/etcd-key.pem',
      commonName: 'etcd',
      names: `IP:${address},IP:127.0.0.1`,
      owner: 'root',
    },
  ],
  files: () => [],
}

/** Kubespray's, with its optional second etcd for events on the same machine, with the same certificates. */
export const WITH_EVENTS: Shape = {
  ...KUBESPRAY,
  names: ['etcd1'],
  folders: ['/var/lib/etcd', '/var/lib/etcd-events'],
  services: ['etcd-events.service'],
  files: (member) => [
    ...KUBESPRAY.files(member),
    {
      path: '/etc/systemd/system/etcd-events.service',
      text: KUBESPRAY.unit.text(member).replace('/etc/etcd.env', '/etc/etcd-events.env'),
    },
    ...KUBESPRAY.files(member).map(({ text, ...file }) => ({
      ...file,
      path: '/etc/etcd-events.env',
      text: text
        .replaceAll(':2379', ':2381')
        .replaceAll(':2380', ':2382')
        .replaceAll('/var/lib/etcd', '/var/lib/etcd-events')
        .replace('k8s_etcd', 'k8s_events_etcd')
        .replace(/^ETCD_NAME=.*$/m, `ETCD_NAME=${member.name}-events`)
        .replace(
          /^ETCD_INITIAL_CLUSTER=.*$/m,
          `ETCD_INITIAL_CLUSTER=${member.name}-events=https://${member.address}:2382`,
        ),
    })),
  ],
}

/** A YAML file, everything in a directory that etcd owns, data on a separate disk. */
export const PIGSTY: Shape = {
  suite: 'trixie',
  names: ['etcd-1'],
  ca: { certificate: '/etc/etcd/ca.crt' },
  user: 'etcd',
  folders: ['/etc/etcd', '/data/etcd'],
  folderMode: '750',
  binaries: '/usr/bin',
  unit: {
    path: '/usr/lib/systemd/system/etcd.service',
    text: () => `[Unit]
Description=Etcd Server
After=network-online.target

[Service]
Type=notify
WorkingDirectory=/data/etcd
User=etcd
ExecStart=/usr/bin/etcd --config-file /etc/etcd/etcd.conf
Restart=on-failure
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`,
  },
  certificates: (member) => [
    {
      certificate: '/etc/etcd/server.crt',
      key: '/etc/etcd/server.key',
      commonName: member.name,
      names: `IP:127.0.0.1,DNS:localhost,IP:${member.address},DNS:${member.name}`,
      owner: 'etcd',
    },
  ],
  files: (member) => [
    {
      path: '/etc/etcd/etcd.conf',
      owner: 'etcd',
      text:
        yaml({
          name: member.name,
          'data-dir': '/data/etcd',
          'initial-cluster-token': '"etcd"',
          'initial-cluster-state': '"new"',
          ...quoted(urls(member, 'https', ',https://127.0.0.1:2379')),
          'election-timeout': '1000',
          'heartbeat-interval': '100',
          'auto-compaction-mode': 'periodic',
          'auto-compaction-retention': '"24h"',
          'quota-backend-bytes': '17179869184',
        }) +
        transport('client', '/etc/etcd/server', '/etc/etcd/ca.crt') +
        transport('peer', '/etc/etcd/server', '/etc/etcd/ca.crt'),
    },
  ],
}
