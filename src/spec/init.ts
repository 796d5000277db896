/** Writes a cluster file for people: answers as settings, everything else as comments with defaults. */
import { DEFAULTS, PACKAGES, RECOMMENDED_VERSION, REQUIREMENTS } from './defaults.ts'
import { ROLES } from './cluster.ts'
import { kubernetesLines } from './init-kubernetes.ts'
import type { ClusterFile } from './schema.ts'
import { RECIPIENT_PLACEHOLDER, SHA256_PLACEHOLDER } from './sample-keys.ts'
import { oneLine, section, topLevel } from './yaml-lines.ts'

export interface RenderOptions {
  /** Path (from the file's directory) or URL of the JSON Schema, for editors; default: no line about it. */
  readonly schema?: string
}

/** The text of a cluster file with this `content`; parsing it returns the same. Ends with a line break. */
export function renderClusterFile(content: ClusterFile, options: RenderOptions = {}): string {
  const blocks = [
    header(content, options),
    ssh(content),
    nodes(content),
    groups(content),
    requirements(content),
    pki(content),
    etcd(content),
    network(content),
    loadBalancer(content),
    kubernetesLines(content),
    backup(content),
    topLevel({
      key: 'packages',
      value: content.packages,
      standard: oneLine(PACKAGES),
      why: 'Packages wanted on every node; installed if missing.',
    }),
    topLevel({
      key: 'state',
      value: content.state,
      standard: `.quorate/${content.name}`,
      why: 'Directory for what quorate keeps for this cluster (CA, known hosts). Private: never put it in git.',
    }),
  ]
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function header(content: ClusterFile, options: RenderOptions): string[] {
  return [
    ...(options.schema === undefined ? [] : [`# yaml-language-server: $schema=${options.schema}`]),
    '# A cluster file for quorate. A key in a comment shows its default, or an example: take the # away to change it.',
    '# Check it with `quorate validate`; see what it would do with `quorate plan`; do it with `quorate apply`.',
    '',
    `name: ${oneLine(content.name)}`,
  ]
}

function ssh({ ssh: set }: ClusterFile): string[] {
  return [
    '# How to reach the nodes. What is left out is up to your OpenSSH configuration and agent.',
    ...section('ssh', [
      { key: 'user', value: set?.user, standard: 'root', why: 'not root: quorate uses sudo on the nodes' },
      { key: 'port', value: set?.port, standard: '22', why: "sshd's port" },
      {
        key: 'identityFile',
        value: set?.identityFile,
        standard: '~/.ssh/id_ed25519',
        why: 'private key to log in with',
      },
      { key: 'jump', value: set?.jump, standard: 'bastion', why: 'go through this host (ProxyJump)' },
    ]),
  ]
}

function nodes(content: ClusterFile): string[] {
  return [
    '# The nodes. Roles: etcd, master, worker, service; etcd on an odd number of them, best three.',
    '# A node may also have addresses and names (further ones, for its certificate), and ssh settings of its own.',
    'nodes:',
    ...content.nodes.map((node) => `  - ${oneLine(node)}`),
  ]
}

function groups({ groups: set }: ClusterFile): string[] {
  const entries = Object.entries(set ?? {})
  const about = '# Groups of your own for `quorate run`; `all` means every node.'
  if (set === undefined) return [about, '# groups:', '#   edge: [ worker01, service01 ]']
  if (entries.length === 0) return [about, 'groups: {}']
  return [about, 'groups:', ...entries.map(([name, members]) => `  ${oneLine(name)}: ${oneLine(members)}`)]
}

function requirements({ requirements: set }: ClusterFile): string[] {
  const settings = ROLES.map((role) => ({
    key: role,
    value: set?.[role],
    standard: oneLine(REQUIREMENTS[role]),
    why: `minimum of a node with the role ${role}`,
  }))
  return [
    '# What nodes must have at least: `quorate preflight` checks it.',
    ...section('requirements', settings),
  ]
}

function pki({ pki: set }: ClusterFile): string[] {
  const { layout, algorithm, days } = DEFAULTS.pki
  return [
    '# Certificates. The CA may be on the workstation (local), on another host, or anywhere else:',
    '# { host: { name: root-ca-host, certificate: /root/ca.crt, key: /root/ca.key } }, { offline: { certificate: ca.crt } }.',
    ...section('pki', [
      { key: 'authority', value: set?.authority, standard: 'local', why: 'location of the CA' },
      {
        key: 'layout',
        value: set?.layout,
        standard: layout,
        why: 'separate: one certificate for peers, one for clients',
      },
      {
        key: 'algorithm',
        value: set?.algorithm,
        standard: algorithm,
        why: 'or rsa-2048, rsa-3072, rsa-4096',
      },
      {
        key: 'days',
        value: set?.days,
        standard: String(days),
        why: 'how long an issued certificate is valid',
      },
    ]),
  ]
}

function etcd({ etcd: set }: ClusterFile): string[] {
  const standard = DEFAULTS.etcd
  const no = String(false)
  return [
    "# etcd. Its binaries come from its own releases (release), from Debian's archive, from Go modules built on this workstation, or from a file:",
    `# { debian: { suite: trixie } }, { modules: {} }, { file: { path: etcd-v${RECOMMENDED_VERSION}-linux-amd64.tar.gz } }.`,
    ...section('etcd', [
      { key: 'version', value: set.version, standard: '', why: 'exact, in quotes' },
      {
        key: 'source',
        value: set.source,
        standard: '{ release: {} }',
        why: 'downloaded once to the workstation, and verified',
      },
      {
        key: 'sha256',
        value: set.sha256,
        standard: `{ amd64: { archive: "${SHA256_PLACEHOLDER}" } }`,
        why: 'pinned: nothing else is installed',
      },
      {
        key: 'dataDirectory',
        value: set.dataDirectory,
        standard: standard.dataDirectory,
        why: 'on a fast disk',
      },
      {
        key: 'walDirectory',
        value: set.walDirectory,
        standard: '/opt/etcd/wal',
        why: 'outside dataDirectory; a separate disk is faster',
      },
      { key: 'clientPort', value: set.clientPort, standard: String(standard.clientPort), why: 'for clients' },
      {
        key: 'peerPort',
        value: set.peerPort,
        standard: String(standard.peerPort),
        why: 'for the other members',
      },
      {
        key: 'localPlaintext',
        value: set.localPlaintext,
        standard: no,
        why: 'true: every local process can read and write all keys',
      },
      {
        key: 'plaintextClients',
        value: set.plaintextClients,
        standard: no,
        why: 'true: http in addition to https, while clients move',
      },
      {
        key: 'metrics',
        value: set.metrics,
        standard: standard.metrics,
        why: 'clients: not for every local user of a node',
      },
      {
        key: 'enableV2',
        value: set.enableV2,
        standard: no,
        why: 'true: the v2 API, for flannel before 0.18',
      },
      {
        key: 'settings',
        value: set.settings,
        standard: '{ heartbeat-interval: 100 }',
        why: 'other etcd flags, without dashes',
      },
    ]),
  ]
}

function network({ network: set }: ClusterFile): string[] {
  const about =
    "# flannel's network, in flannel's own spelling: it must not overlap with a network that the nodes reach."
  const example: readonly (readonly [string, string, string])[] = [
    ['prefix', DEFAULTS.network.prefix, "flanneld's -etcd-prefix"],
    ['v2', 'false', 'true: write it through the v2 API too'],
    ['Network', '10.5.0.0/16', 'for all pods'],
    ['SubnetLen', '24', "a node's share: 24 is 253 pods"],
    ['Backend', '{ Type: vxlan }', 'without it flannel takes udp, which is slow'],
  ]
  const known = new Set(example.map(([key]) => key))
  const further = Object.entries(set ?? {}).filter(([key]) => !known.has(key))
  const read = (key: string): unknown => (set as Record<string, unknown> | undefined)?.[key]
  return [
    about,
    ...section('network', [
      ...example.map(([key, standard, why]) => ({ key, value: read(key), standard, why })),
      ...further.map(([key, value]) => ({ key, value, standard: '', why: 'see docs/guides/flannel.md' })),
    ]),
  ]
}

function loadBalancer({ loadBalancer: set }: ClusterFile): string[] {
  return [
    '# The load balancer in front of the API servers: every node must resolve its name.',
    ...section('loadBalancer', [
      { key: 'url', value: set?.url, standard: 'https://service01', why: 'https' },
      {
        key: 'managed',
        value: set?.managed,
        standard: 'false',
        why: 'true: HAProxy on the nodes with the role service',
      },
      // Not even as a comment: it would be invalid without managed, or with one service node.
      ...(set?.address === undefined
        ? []
        : [{ key: 'address', value: set.address, standard: '', why: 'that the service nodes share' }]),
    ]),
  ]
}

function backup({ backup: set }: ClusterFile): string[] {
  return [
    '# Backups. `age-keygen -o backup.key` creates a key pair: write the public key below, and keep backup.key off the nodes.',
    ...section('backup', [
      {
        key: 'store',
        value: set?.store,
        standard: '{ directory: backups }',
        why: 'or s3: docs/reference/cluster-file.md',
      },
      {
        key: 'recipients',
        value: set?.recipients,
        standard: `[ ${RECIPIENT_PLACEHOLDER} ]`,
        why: 'who can open them',
      },
      {
        key: 'schedule',
        value: set?.schedule,
        standard: '{ every: hourly }',
        why: 'a node takes them by itself',
      },
    ]),
  ]
}
