/** The syntax of a cluster file: its keys, their types, and one line about each for editors. */
import * as z from 'zod'
import { checkAddress } from './address.ts'
import { MASTER_ALIAS, ROLES } from './cluster.ts'
import { DEFAULTS, PACKAGES, RECOMMENDED_VERSION } from './defaults.ts'
import { checkEtcdName } from './etcd-name.ts'
import { backup } from './schema-backup.ts'
import { kubernetes } from './schema-kubernetes.ts'
import { flag, localPath, name, ONE_KEY, port, remotePath, text } from './schema-parts.ts'
import { pinnedSums, source } from './schema-source.ts'
import { checkJump, checkSshHost, checkUser } from './ssh-values.ts'
import * as values from './values.ts'

const sshKeys = {
  user: text(
    checkUser,
    'Login name. If not root, quorate uses sudo on the host. Default: your OpenSSH configuration.',
    {
      examples: ['root'],
    },
  ).optional(),
  port: port('Port of sshd. Default: your OpenSSH configuration, else 22.').optional(),
  identityFile: localPath(
    'Private key to log in with. Default: your agent and OpenSSH configuration.',
  ).optional(),
  jump: text(checkJump, 'ProxyJump: one or more hosts to go through, as ssh -J takes them.', {
    examples: ['bastion', 'admin@bastion.example.org:2222'],
  }).optional(),
}
const sshHost = text(checkSshHost, 'Host name, address or ssh alias to connect to. Default: the address.')
const sshOfOne = z.strictObject({ host: sshHost.optional(), ...sshKeys })

const node = z.strictObject({
  name: name("The node's short host name: its name in commands and in its certificate."),
  etcdName: text(
    checkEtcdName,
    "The member's name in etcd (ETCD_NAME), for a member that was named before quorate. Default: the node's name.",
    { examples: ['etcd-198.18.7.11', 'default'], minLength: 1, maxLength: 255, pattern: '^[^=,$]+$' },
  ).optional(),
  address: text(checkAddress, 'Its IP address (IPv4 or IPv6): where etcd listens and peers connect.', {
    examples: ['198.18.7.11', '2001:db8::11'],
  }),
  roles: z
    .array(z.enum(ROLES).meta({ enum: [...ROLES, MASTER_ALIAS] }))
    .min(1)
    .meta({
      description: 'What runs on it; most nodes have one role. control-plane and master mean the same.',
    }),
  addresses: z
    .array(text(checkAddress, 'An IP address.'))
    .meta({ description: 'Further IP addresses, for its certificate.', default: [] })
    .optional(),
  names: z
    .array(text(values.checkDnsName, 'A DNS name.'))
    .meta({
      description: 'Further DNS names, for its certificate; its short name is always in it.',
      default: [],
    })
    .optional(),
  ssh: sshOfOne.meta({ description: 'How to reach this node where it differs from ssh above.' }).optional(),
})

const roleTitles = {
  etcd: 'an etcd node',
  master: 'a control-plane node',
  worker: 'a worker',
  service: 'a service node',
}
const least = (role: keyof typeof roleTitles) =>
  z
    .strictObject({
      cpus: z.int().min(1).meta({ description: 'Processors.' }).optional(),
      memory: text(values.checkSize, 'Memory: GB is decimal, GiB binary.', { examples: ['2GB'] }).optional(),
      disk: text(values.checkSize, "Size of the disk that holds the node's data.", {
        examples: ['15GB'],
      }).optional(),
    })
    .meta({ description: `The minimum for ${roleTitles[role]}.` })
    .optional()

const authorityHomes = z
  .strictObject({
    local: z
      .strictObject({
        certificate: localPath('An existing CA or intermediate (PEM, with its chain).').optional(),
        key: localPath('Its private key (PEM); used in place, never copied.').optional(),
        passphrase: flag('The key is encrypted at rest; quorate asks for its passphrase.', false).optional(),
      })
      .meta({ description: "On the workstation: in the cluster's state directory, or an existing one." })
      .optional(),
    host: z
      .strictObject({
        name: name("The CA host's name: one of the nodes, or another host that ssh reaches by this name."),
        ssh: sshOfOne.meta({ description: 'How to reach it; for a node: where it differs.' }).optional(),
        certificate: remotePath('CA certificate on that host (PEM).', { examples: ['/root/ca.crt'] }),
        key: remotePath('CA key on that host (PEM); it never leaves the host.', {
          examples: ['/root/ca.key'],
        }),
        sudo: flag('Sign as root on that host.', true).optional(),
      })
      .meta({ description: 'On another host: requests go to it over SSH, and its openssl signs them.' })
      .optional(),
    offline: z
      .strictObject({
        certificate: localPath('The CA certificate (PEM, with its chain if an intermediate).'),
      })
      .meta({
        description:
          'Anywhere: `quorate certs csr` writes requests, `quorate certs import` takes certificates.',
      })
      .optional(),
  })
  .meta(ONE_KEY)

const pki = z.strictObject({
  authority: z
    .union([z.literal('local'), authorityHomes])
    .meta({ description: 'Where the CA is.', default: 'local' })
    .optional(),
  layout: z
    .enum(['single', 'separate'])
    .meta({
      description: 'One certificate per node for everything, or one for peers and one for clients.',
      default: DEFAULTS.pki.layout,
    })
    .optional(),
  algorithm: z
    .enum(['ecdsa-p256', 'rsa-2048', 'rsa-3072', 'rsa-4096'])
    .meta({
      description: 'Keys of nodes, of clients, and of a CA that quorate creates.',
      default: DEFAULTS.pki.algorithm,
    })
    .optional(),
  days: z
    .int()
    .min(1)
    .max(3650)
    .meta({ description: 'How long an issued certificate is valid, in days.', default: DEFAULTS.pki.days })
    .optional(),
})

const etcd = z.strictObject({
  version: text(values.checkVersion, 'Exact version, in quotes.', {
    pattern: '^3\\.[3-7]\\.\\d+$',
    examples: [RECOMMENDED_VERSION],
  }),
  source: source.optional(),
  sha256: pinnedSums.optional(),
  dataDirectory: remotePath("etcd's data on the nodes.", { default: DEFAULTS.etcd.dataDirectory }).optional(),
  walDirectory: remotePath('The write-ahead log (WAL). Default: wal next to the data directory.').optional(),
  clientPort: port('Port for clients.', DEFAULTS.etcd.clientPort).optional(),
  peerPort: port('Port for peers.', DEFAULTS.etcd.peerPort).optional(),
  localPlaintext: flag(
    'Serve http://127.0.0.1 without TLS: every local process can then read and write the whole keyspace.',
    DEFAULTS.etcd.localPlaintext,
  ).optional(),
  plaintextClients: flag(
    'Serve http in addition to https on the client port, while clients of a cluster without TLS move to it.',
    DEFAULTS.etcd.plaintextClients,
  ).optional(),
  metrics: z
    .enum(['local', 'clients'])
    .meta({
      description:
        'Who can read the metrics of members: every local user of a node (http://127.0.0.1:2381) and clients with a certificate, or these clients alone.',
      default: DEFAULTS.etcd.metrics,
    })
    .optional(),
  enableV2: flag(
    'Serve the v2 API (etcd 3.3 to 3.5), for flannel before 0.18.',
    DEFAULTS.etcd.enableV2,
  ).optional(),
  settings: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .meta({
      description: 'Any other etcd flag without its dashes, e.g. heartbeat-interval: 100.',
      default: {},
    })
    .optional(),
})

const cidr = (what: string) => z.string().meta({ description: what }).optional()
const network = z.strictObject({
  prefix: z
    .string()
    .regex(/^(\/[A-Za-z0-9._-]+)+$/)
    .meta({ description: "Key prefix in etcd; flanneld's -etcd-prefix.", default: DEFAULTS.network.prefix })
    .optional(),
  v2: flag('Write it through the v2 API too (flannel before 0.18).', DEFAULTS.network.v2).optional(),
  Network: cidr('IPv4 network for pods, e.g. 10.5.0.0/16.'),
  SubnetLen: z
    .int()
    .min(1)
    .max(30)
    .meta({ description: "Prefix length of a node's subnet. Default: 24." })
    .optional(),
  SubnetMin: cidr('First subnet to assign.'),
  SubnetMax: cidr('Last subnet to assign.'),
  EnableIPv6: flag('Assign IPv6 subnets too.', false).optional(),
  IPv6Network: cidr('IPv6 network for pods.'),
  IPv6SubnetLen: z
    .int()
    .min(1)
    .max(126)
    .meta({ description: 'Prefix length of an IPv6 subnet. Default: 64.' })
    .optional(),
  IPv6SubnetMin: cidr('First IPv6 subnet.'),
  IPv6SubnetMax: cidr('Last IPv6 subnet.'),
  Backend: z
    .looseObject({
      Type: z.string().meta({ description: 'vxlan, host-gw, wireguard …', examples: ['vxlan'] }),
    })
    .meta({
      description:
        "How packets travel between nodes, in flannel's own spelling. flannel's default is udp: slow.",
    })
    .optional(),
})

export const clusterFileSchema = z.strictObject({
  name: name("The cluster's name. Its state directory and its CA have it, and `quorate reset` asks for it."),
  ssh: z
    .strictObject(sshKeys)
    .meta({ description: 'How to reach the nodes, unless one says otherwise.' })
    .optional(),
  nodes: z.array(node).min(1).meta({ description: 'The nodes.' }),
  groups: z
    .record(z.string(), z.array(z.string()).min(1))
    .meta({
      description: 'Your own groups of nodes, for `quorate run`. `all` means every node.',
      default: {},
    })
    .optional(),
  requirements: z
    .strictObject({
      etcd: least('etcd'),
      master: least('master'),
      worker: least('worker'),
      service: least('service'),
    })
    .meta({ description: 'The minimum for a node of each role; preflight checks it.' })
    .optional(),
  pki: pki.meta({ description: 'Certificates.' }).optional(),
  etcd: etcd.meta({ description: 'etcd itself.' }),
  network: network
    .meta({ description: "flannel's network, in flannel's own spelling. Without this key, none is written." })
    .optional(),
  loadBalancer: z
    .strictObject({
      url: text(
        values.checkHttpUrl,
        "URL of the API servers' load balancer; every node must resolve its name.",
        {
          examples: ['https://service01'],
        },
      ),
      managed: flag(
        "Run HAProxy on the service nodes, on the URL's port, in front of the API servers.",
        false,
      ).optional(),
      address: text(checkAddress, 'Virtual IP address that two or more service nodes share (keepalived).', {
        examples: ['198.18.7.100', '2001:db8::100'],
      }).optional(),
    })
    .meta({ description: 'The load balancer in front of the API servers.' })
    .optional(),
  kubernetes: kubernetes
    .meta({
      description:
        'Kubernetes on the control-plane nodes and workers. Without this key, quorate sets up none.',
    })
    .optional(),
  backup: backup
    .meta({ description: 'Backups: where they are kept, who can open them, and when they are taken.' })
    .optional(),
  packages: z
    .array(text(values.checkPackage, 'A package name.'))
    .meta({
      description: 'Packages that every node must have; quorate installs missing ones.',
      default: [...PACKAGES],
    })
    .optional(),
  state: localPath('The state directory of this cluster. Default: .quorate/NAME.').optional(),
})

/** A cluster file's content as written, accepted by the schema. */
export type ClusterFile = z.infer<typeof clusterFileSchema>
