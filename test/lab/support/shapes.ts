/** The three most common layouts of etcd: by hand, Kubespray's, kubeadm's. */
import { type ForeignMember, type Shape, initialCluster } from './foreign.ts'

const UNIT = '/etc/systemd/system/etcd.service'

/** One certificate for everything, plaintext on loopback, a separate directory for the WAL. */
export const BY_HAND: Shape = {
  suite: 'trixie',
  names: ['etcd01', 'etcd02', 'etcd03'],
  ca: { certificate: '/etc/ssl/etcd/ca.crt' },
  user: 'etcd',
  folders: ['/opt/etcd', '/opt/etcd/data'],
  unit: {
    path: UNIT,
    text: () => `[Unit]
Description=etcd
After=network.target

[Service]
Type=notify
User=etcd
Environment=GOGC=50
EnvironmentFile=/etc/etcd/options.env
ExecStart=/usr/local/bin/etcd
Restart=always
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`,
  },
  certificates: ({ name, address }) => [
    {
      certificate: '/etc/ssl/etcd/etcd.crt',
      key: '/etc/ssl/etcd/etcd.key',
      commonName: name,
      names: `IP:${address},DNS:${name}.example.org,IP:127.0.0.1`,
      owner: 'etcd',
    },
  ],
  files: (member) => [
    {
      path: '/etc/etcd/options.env',
      owner: 'etcd',
      text: lines({
        ETCD_NAME: member.name,
        ETCD_DATA_DIR: '/opt/etcd/data',
        ETCD_WAL_DIR: '/opt/etcd/wal',
        ETCD_LISTEN_PEER_URLS: `https://${member.address}:2380`,
        ETCD_LISTEN_CLIENT_URLS: `https://${member.address}:2379,http://127.0.0.1:2379`,
        ETCD_INITIAL_ADVERTISE_PEER_URLS: `https://${member.address}:2380`,
        ETCD_ADVERTISE_CLIENT_URLS: `https://${member.address}:2379`,
        ETCD_INITIAL_CLUSTER: initialCluster(member),
        ETCD_INITIAL_CLUSTER_STATE: 'new',
        ETCD_INITIAL_CLUSTER_TOKEN: 'etcd-cluster',
        ...tls('/etc/ssl/etcd/etcd.crt', '/etc/ssl/etcd/etcd.key', '/etc/ssl/etcd/ca.crt'),
        // As users and templates of YAML write them; with certificate files, etcd ignores auto-tls.
        ETCD_AUTO_TLS: 'true',
        ETCD_PEER_AUTO_TLS: 'False',
        ETCD_ENABLE_V2: 'True',
        ETCD_HEARTBEAT_INTERVAL: '0x96',
        ETCD_NO_SUCH_SETTING: 'stale',
      }),
    },
  ],
}

/** Without TLS, with different client listeners, and settings at a package's path. */
export const PLAIN: Shape = {
  suite: 'trixie',
  names: ['etcd01', 'etcd02', 'etcd03'],
  user: 'etcd',
  folders: ['/var/lib/etcd', '/var/lib/etcd/default'],
  unit: {
    path: UNIT,
    text: (member) => BY_HAND.unit.text(member).replace('/etc/etcd/options.env', '/etc/default/etcd'),
  },
  certificates: () => [],
  files: (member) => {
    const own = `http://${member.address}:2379`
    const listen = [`${own},http://127.0.0.1:2379`, 'http://0.0.0.0:2379', own]
    return [
      {
        path: '/etc/default/etcd',
        owner: 'etcd',
        text: lines({
          ETCD_NAME: member.name,
          ETCD_DATA_DIR: '/var/lib/etcd/default',
          ETCD_LISTEN_PEER_URLS: `http://${member.address}:2380`,
          ETCD_LISTEN_CLIENT_URLS: listen[member.all.findIndex(({ name }) => name === member.name)] ?? own,
          ETCD_INITIAL_ADVERTISE_PEER_URLS: `http://${member.address}:2380`,
          ETCD_ADVERTISE_CLIENT_URLS: own,
          ETCD_INITIAL_CLUSTER: initialCluster(member, 'http'),
          ETCD_INITIAL_CLUSTER_STATE: 'new',
        }),
      },
    ]
  },
}

/** Like a package: the unit in the system's own directory, settings in the unit's environment; etcd runs as root. */
export const PACKAGED: Shape = {
  ...BY_HAND,
  user: 'root',
  unit: {
    path: '/lib/systemd/system/etcd.service',
    text: (member) => BY_HAND.unit.text(member).replace('User=etcd\n', ''),
  },
}

/**
 * `etcd.env`, certificates with every member's names, the WAL within the data, the CA's key next to its certificate.
 */
export const KUBESPRAY: Shape = {
  suite: 'trixie',
  names: ['etcd1', 'etcd2', 'etcd3'],
  ca: { certificate: '/etc/ssl/etcd/ssl/ca.pem', key: '/etc/ssl/etcd/ssl/ca-key.pem' },
  user: 'etcd',
  folders: ['/var/lib/etcd'],
  unit: {
    path: UNIT,
    text: () => `[Unit]
Description=etcd
After=network.target

[Service]
Type=notify
User=etcd
EnvironmentFile=/etc/etcd.env
ExecStart=/usr/local/bin/etcd
NotifyAccess=all
Restart=always
RestartSec=10s
LimitNOFILE=40000

[Install]
WantedBy=multi-user.target
`,
  },
  certificates: (member) => {
    const everybody = member.all.map(({ name, address }) => `DNS:${name},IP:${address}`).join(',')
    const names = `DNS:localhost,${everybody},DNS:lb-apiserver.kubernetes.local,IP:127.0.0.1`
    return ['member', 'admin', 'node'].map((kind) => ({
      certificate: `/etc/ssl/etcd/ssl/${kind}-${member.name}.pem`,
      key: `/etc/ssl/etcd/ssl/${kind}-${member.name}-key.pem`,
      commonName: `etcd-${kind}-${member.name}`,
      names,
      owner: 'etcd',
    }))
  },
  files: (member) => {
    const stem = `/etc/ssl/etcd/ssl/member-${member.name}`
    return [
      {
        path: '/etc/etcd.env',
        mode: '0640',
        text: `# Environment file for etcd v3.5.16\n${lines({
          ETCD_DATA_DIR: '/var/lib/etcd',
          ETCD_ADVERTISE_CLIENT_URLS: `https://${member.address}:2379`,
          ETCD_INITIAL_ADVERTISE_PEER_URLS: `https://${member.address}:2380`,
          ETCD_INITIAL_CLUSTER_STATE: 'new',
          ETCD_METRICS: 'basic',
          ETCD_LISTEN_CLIENT_URLS: `https://${member.address}:2379,https://127.0.0.1:2379`,
          ETCD_ELECTION_TIMEOUT: '5000',
          ETCD_HEARTBEAT_INTERVAL: '250',
          ETCD_INITIAL_CLUSTER_TOKEN: 'k8s_etcd',
          ETCD_LISTEN_PEER_URLS: `https://${member.address}:2380`,
          ETCD_NAME: member.name,
          ETCD_PROXY: 'off',
          ETCD_INITIAL_CLUSTER: initialCluster(member),
          ETCD_AUTO_COMPACTION_RETENTION: '8',
          ETCD_SNAPSHOT_COUNT: '100000',
          ...tls(`${stem}.pem`, `${stem}-key.pem`, '/etc/ssl/etcd/ssl/ca.pem'),
        })}`,
      },
    ]
  },
}

/**
 * The flags of kubeadm's manifest, and the manifest itself. A lab has no kubelet: a unit with another name runs etcd
 * instead, as root.
 */
export const KUBEADM: Shape = {
  suite: 'trixie',
  names: ['node-a', 'node-b', 'node-c'],
  ca: { certificate: '/etc/kubernetes/pki/etcd/ca.crt', key: '/etc/kubernetes/pki/etcd/ca.key' },
  user: 'root',
  folders: ['/var/lib/etcd'],
  unit: {
    path: '/etc/systemd/system/static-pod-etcd.service',
    text: (member) => `[Unit]
Description=etcd without a kubelet

[Service]
Type=notify
ExecStart=/usr/local/bin/etcd ${kubeadmFlags(member).join(' ')}

[Install]
WantedBy=multi-user.target
`,
  },
  certificates: ({ name, address }) =>
    ['server', 'peer', 'healthcheck-client'].map((kind) => ({
      certificate: `/etc/kubernetes/pki/etcd/${kind}.crt`,
      key: `/etc/kubernetes/pki/etcd/${kind}.key`,
      commonName: name,
      names: `DNS:${name},DNS:localhost,IP:${address},IP:127.0.0.1,IP:::1`,
      owner: 'root',
    })),
  files: (member) => [
    {
      path: '/etc/kubernetes/manifests/etcd.yaml',
      mode: '0600',
      text: `apiVersion: v1
kind: Pod
metadata:
  name: etcd
  namespace: kube-system
spec:
  containers:
  - command:
    - etcd
${kubeadmFlags(member)
  .map((flag) => `    - ${flag}\n`)
  .join('')}    image: etcd:3.5.16-0
  hostNetwork: true
`,
    },
  ],
}

function kubeadmFlags(member: ForeignMember): readonly string[] {
  const { name, address } = member
  const pki = '/etc/kubernetes/pki/etcd'
  return Object.entries({
    'advertise-client-urls': `https://${address}:2379`,
    'cert-file': `${pki}/server.crt`,
    'client-cert-auth': 'true',
    'data-dir': '/var/lib/etcd',
    'experimental-initial-corrupt-check': 'true',
    'experimental-watch-progress-notify-interval': '5s',
    'initial-advertise-peer-urls': `https://${address}:2380`,
    'initial-cluster': initialCluster(member),
    'key-file': `${pki}/server.key`,
    'listen-client-urls': `https://127.0.0.1:2379,https://${address}:2379`,
    'listen-metrics-urls': 'http://127.0.0.1:2381',
    'listen-peer-urls': `https://${address}:2380`,
    name,
    'peer-cert-file': `${pki}/peer.crt`,
    'peer-client-cert-auth': 'true',
    'peer-key-file': `${pki}/peer.key`,
    'peer-trusted-ca-file': `${pki}/ca.crt`,
    'snapshot-count': '10000',
    'trusted-ca-file': `${pki}/ca.crt`,
  }).map(([flag, value]) => `--${flag}=${value}`)
}

export function tls(certificate: string, key: string, ca: string): Record<string, string> {
  return {
    ETCD_TRUSTED_CA_FILE: ca,
    ETCD_CERT_FILE: certificate,
    ETCD_KEY_FILE: key,
    ETCD_CLIENT_CERT_AUTH: 'true',
    ETCD_PEER_TRUSTED_CA_FILE: ca,
    ETCD_PEER_CERT_FILE: certificate,
    ETCD_PEER_KEY_FILE: key,
    ETCD_PEER_CLIENT_CERT_AUTH: 'true',
  }
}

export function lines(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
