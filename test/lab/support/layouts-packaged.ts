/**
 * Layouts of one member in packages of distributions, and from an unpacked release. Written for these tests from public
 * information.
 */
import type { Shape } from './foreign.ts'
import { environment, quoted, transport, urls, yaml } from './layout-settings.ts'
import { lines, tls } from './shapes.ts'

const UNIT = '/etc/systemd/system/etcd.service'

/**
 * Like the RPMs of CentOS and Fedora: a shell that sets one variable. Older ones also pass three of the settings as
 * flags; from 3.4 on etcd refuses to start with both. No TLS.
 */
export const RPM: Shape = {
  suite: 'trixie',
  names: ['default'],
  user: 'etcd',
  folders: ['/var/lib/etcd'],
  folderMode: '755',
  binaries: '/usr/bin',
  unit: {
    path: '/usr/lib/systemd/system/etcd.service',
    text: () => `[Unit]
Description=Etcd Server
After=network-online.target

[Service]
Type=notify
WorkingDirectory=/var/lib/etcd/
EnvironmentFile=-/etc/etcd/etcd.conf
User=etcd
# set GOMAXPROCS to number of processors
ExecStart=/bin/bash -c "GOMAXPROCS=$(nproc) /usr/bin/etcd"
Restart=on-failure
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`,
  },
  certificates: () => [],
  files: (member) => [
    {
      path: '/etc/etcd/etcd.conf',
      text: `#[Member]\n${lines(
        environment({
          name: '"default"',
          'data-dir': '"/var/lib/etcd/default.etcd"',
          ...quoted(urls(member, 'http', ',http://127.0.0.1:2379')),
          'initial-cluster-token': '"etcd-cluster"',
        }),
      )}#ETCD_WAL_DIR=""\n`,
    },
  ],
}

/** Like Debian's package, with TLS added by hand: an intermediate CA, and certificates that only contain addresses. */
export const DEBIAN: Shape = {
  suite: 'trixie',
  names: ['debian'],
  ca: { certificate: '/etc/ssl/private-ca/etcd-ca.crt' },
  intermediate: true,
  user: 'etcd',
  folders: ['/var/lib/etcd'],
  binaries: '/usr/bin',
  unit: {
    path: '/usr/lib/systemd/system/etcd.service',
    text: () => `[Unit]
Description=etcd - highly-available key value store
After=network.target

[Service]
Environment=DAEMON_ARGS=
Environment=ETCD_NAME=%H
Environment=ETCD_DATA_DIR=/var/lib/etcd/default
EnvironmentFile=-/etc/default/%p
Type=notify
User=etcd
PermissionsStartOnly=true
ExecStart=/usr/bin/etcd $DAEMON_ARGS
Restart=on-abnormal
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
Alias=etcd2.service
`,
  },
  certificates: ({ address }) => [
    {
      certificate: '/etc/ssl/private-ca/etcd.crt',
      key: '/etc/ssl/private-ca/etcd.key',
      commonName: 'etcd',
      names: `IP:${address},IP:127.0.0.1`,
      owner: 'etcd',
      keyMode: '0640',
    },
  ],
  files: (member) => [
    {
      path: '/etc/default/etcd',
      text: `## etcd(1) daemon options\nDAEMON_ARGS="--heartbeat-interval 120 --election-timeout=1200"\n${lines(
        {
          ...environment(urls(member, 'https', ',https://127.0.0.1:2379')),
          ...tls(
            '/etc/ssl/private-ca/etcd.crt',
            '/etc/ssl/private-ca/etcd.key',
            '/etc/ssl/private-ca/etcd-ca.crt',
          ),
        },
      )}`,
    },
  ],
}

/**
 * An unpacked release, a link to its program, and a script that starts it and stays. It listens on all addresses,
 * advertises a name to clients, requires no certificate of its peers, and its data are world-readable.
 */
export const TARBALL: Shape = {
  suite: 'trixie',
  names: ['infra0'],
  ca: { certificate: '/opt/etcd/tls/ca.pem' },
  user: 'root',
  folders: ['/opt/etcd/data'],
  folderMode: '755',
  binaries: '/opt/etcd-v3.5.16-linux-amd64',
  unit: {
    path: UNIT,
    text: () => `[Unit]
Description=etcd

[Service]
ExecStartPre=/bin/mkdir -p /usr/local/bin
ExecStartPre=/bin/ln -sfn /opt/etcd-v3.5.16-linux-amd64/etcd /usr/local/bin/etcd
ExecStart=/opt/etcd/start.sh
Restart=always

[Install]
WantedBy=multi-user.target
`,
  },
  certificates: ({ address }) => [
    {
      certificate: '/opt/etcd/tls/server.pem',
      key: '/opt/etcd/tls/server-key.pem',
      commonName: 'infra0',
      names: `DNS:infra0.example.org,IP:${address},IP:127.0.0.1`,
      owner: 'root',
      keyMode: '0644',
    },
  ],
  files: (member) => [
    {
      path: '/opt/etcd/start.sh',
      mode: '0755',
      text: '#!/bin/sh\ncd /opt/etcd\n/usr/local/bin/etcd --config-file=etcd.yml\necho "etcd ended"\n',
    },
    {
      path: '/opt/etcd/etcd.yml',
      text:
        yaml({
          name: 'infra0',
          'data-dir': 'data',
          ...urls(member, 'https', ''),
          'listen-client-urls': 'https://0.0.0.0:2379',
          'advertise-client-urls': 'https://infra0.example.org:2379',
          'initial-cluster-token': 'tkn',
        }) +
        transport('client', 'tls/server', 'tls/ca.pem') +
        transport('peer', 'tls/server', undefined),
    },
  ],
}
