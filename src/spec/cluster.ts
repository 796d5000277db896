/** What is wanted: a cluster file, read, checked and with every default filled in. All rooms know these types. */

import type { BackupSpec } from './backup.ts'
import type { KubernetesSpec } from './kubernetes.ts'

/** The roles that quorate itself knows; groups of one's own stand beside them. `common` means every node. */
export const ROLES = ['etcd', 'master', 'worker', 'service'] as const
export type Role = (typeof ROLES)[number]

/** What Kubernetes calls its masters today: a cluster file may say it for the role `master`. */
export const MASTER_ALIAS = 'control-plane'

export interface Cluster {
  /** `[a-z0-9]([a-z0-9-]*[a-z0-9])?`, at most 63 characters. */
  readonly name: string
  /** Absolute path of the cluster file. */
  readonly file: string
  /** Absolute path of the directory with what quorate keeps for this cluster: CA, known hosts, operator certificate. */
  readonly stateDirectory: string
  readonly nodes: readonly Node[]
  /** Groups of one's own: name to node names. Never one of `ROLES` or `common`. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** The least that a node of a role must have. */
  readonly requirements: Readonly<Record<Role, Requirements>>
  readonly pki: Pki
  readonly etcd: EtcdSpec
  /** flannel's network, or undefined where the file has none. */
  readonly network: FlannelNetwork | undefined
  /** The URL of the API servers' load balancer: a host name that every node must resolve. */
  readonly loadBalancerUrl: string | undefined
  /** HAProxy on the nodes with the role `service`; undefined: the load balancer is not quorate's. */
  readonly loadBalancer?: LoadBalancer | undefined
  /** Kubernetes on the masters and workers; undefined: quorate runs none. */
  readonly kubernetes?: KubernetesSpec | undefined
  /** undefined where the file has none. */
  readonly backup: BackupSpec | undefined
  /** Debian package names wanted on every node. */
  readonly packages: readonly string[]
}

/** HAProxy in front of the API servers of the nodes with the role `master`. */
export interface LoadBalancer {
  /** Where clients find it: the port of the URL. */
  readonly port: number
  /** Where the API servers listen, on every master. */
  readonly apiPort: number
  /** The virtual IP address that the service nodes share; undefined: each is found at its own. */
  readonly virtualAddress: string | undefined
}

export interface Node {
  readonly name: string
  /** The member's name in etcd, where that is not the node's (`etcdNameOf`). */
  readonly etcdName?: string | undefined
  /** Primary IP address (IPv4 or IPv6, without brackets): where etcd listens and peers connect. */
  readonly address: string
  /** Further IP addresses of the node, that belong in its certificate. */
  readonly addresses: readonly string[]
  /** Further DNS names of the node (its name is always one), that belong in its certificate. */
  readonly names: readonly string[]
  readonly roles: readonly Role[]
  readonly ssh: SshTarget
  /** Its peers still find it at `http://…`. The planner says so, of a cluster that is on its way to TLS; no file can. */
  readonly plainPeer?: true | undefined
  /**
   * The name (`memberName`) that this member demands of each peer's certificate; undefined: none, any certificate of the CA
   * will do. The planner says so, once every member has it; no file can.
   */
  readonly demands?: string | undefined
}

/** How to reach a node. What is undefined is left to the user's OpenSSH configuration. */
export interface SshTarget {
  /** Host name, address or alias that ssh is given. */
  readonly host: string
  readonly user: string | undefined
  readonly port: number | undefined
  /** Absolute path of a private key. */
  readonly identityFile: string | undefined
  /** ProxyJump, as ssh writes it. */
  readonly jump: string | undefined
}

export interface Requirements {
  readonly cpus: number
  readonly memoryBytes: number
  readonly diskBytes: number
}

export type KeyAlgorithm = 'ecdsa-p256' | 'rsa-2048' | 'rsa-3072' | 'rsa-4096'

/** One certificate a node for everything (the seed's way), or one for peers and one for clients. */
export type CertificateLayout = 'single' | 'separate'

export interface Pki {
  readonly authority:
    | {
        readonly home: 'local'
        /** Absolute paths of an existing CA (or intermediate, with its chain); undefined: made on first use. */
        readonly certificate: string | undefined
        readonly key: string | undefined
        /** The key is encrypted at rest with a passphrase. */
        readonly passphrase: boolean
      }
    | {
        readonly home: 'host'
        /** A node's name, or an SSH destination that is not a node. */
        readonly ssh: SshTarget
        /** The name to call it by in messages. */
        readonly hostName: string
        /** Paths there. */
        readonly certificate: string
        readonly key: string
        /** Signs as root there (through sudo for another user). */
        readonly sudo: boolean
      }
    | {
        readonly home: 'offline'
        /** Absolute path of the CA certificate (with its chain, if an intermediate). */
        readonly certificate: string
      }
  readonly layout: CertificateLayout
  readonly algorithm: KeyAlgorithm
  /** How long an issued certificate is valid. */
  readonly days: number
}

/** Where etcd's binaries come from. */
export type EtcdSource =
  | {
      readonly kind: 'release'
      /** URL template of the archive: `{version}`, `{arch}` (amd64, arm64), `{minor}`. */
      readonly url: string
      /** URL template of the SHA256SUMS beside it. */
      readonly checksums: string
      /** HTTP(S) proxy URL; undefined: the environment's HTTPS_PROXY and NO_PROXY. */
      readonly proxy: string | undefined
    }
  | {
      readonly kind: 'debian'
      /** bookworm, trixie, sid … */
      readonly suite: string
      /** Archive URL; undefined: the one this node's apt uses. */
      readonly mirror: string | undefined
    }
  | {
      readonly kind: 'modules'
      /** URL of a Go module proxy; undefined: the one that Go itself is set to. */
      readonly proxy: string | undefined
      /** Absolute path of the program `go` or of its toolchain's directory; undefined: one that is found. */
      readonly go: string | undefined
      /** Whether every module is compared with Go's checksum database. */
      readonly checksumDatabase: boolean
    }
  | {
      readonly kind: 'file'
      /** Absolute path of a directory with `etcd` and `etcdctl`, or of a release archive (.tar.gz). */
      readonly path: string
      /** SHA-256 (hex) of the archive, checked if given. */
      readonly sha256: string | undefined
    }

/** What can be pinned of one architecture: the release archive, and each program (SHA-256, lower-case hexadecimal). */
export type PinnedSums = Readonly<Partial<Record<'archive' | 'etcd' | 'etcdctl' | 'etcdutl', string>>>

export interface EtcdSpec {
  /** `3.5.16`: exact. */
  readonly version: string
  readonly source: EtcdSource
  /** Nothing else is installed; undefined: what the source itself vouches for. An architecture without pins is refused. */
  readonly sha256?: Readonly<Partial<Record<'amd64' | 'arm64', PinnedSums>>> | undefined
  readonly dataDirectory: string
  readonly walDirectory: string
  readonly clientPort: number
  readonly peerPort: number
  /** Serves `http://127.0.0.1:2379` without TLS, as the seed did: every local process is then root on the store. */
  readonly localPlaintext: boolean
  /** Serves http beside https on the client port, so that clients of a cluster that had no TLS can move one by one. */
  readonly plaintextClients: boolean
  /** `local`: every local user of a node can read them; `clients`: on the client port alone, with a certificate. */
  readonly metrics: 'local' | 'clients'
  /** Serves the v2 API (etcd 3.3 to 3.5), for flannel < 0.18. */
  readonly enableV2: boolean
  /** Any other etcd setting by its flag name without dashes, e.g. `heartbeat-interval: '100'`. */
  readonly settings: Readonly<Record<string, string>>
}

/** flannel's network configuration, in the spelling flannel reads. */
export interface FlannelNetwork {
  /** The etcd key's directory, `/coreos.com/network` unless set. */
  readonly prefix: string
  readonly config: FlannelConfig
  /** Written through the v2 API too (flannel < 0.18). */
  readonly v2: boolean
}

export interface FlannelConfig {
  readonly Network?: string
  readonly IPv6Network?: string
  readonly EnableIPv6?: boolean
  readonly SubnetLen?: number
  readonly SubnetMin?: string
  readonly SubnetMax?: string
  readonly IPv6SubnetLen?: number
  readonly IPv6SubnetMin?: string
  readonly IPv6SubnetMax?: string
  readonly Backend?: { readonly Type: string; readonly [option: string]: unknown }
}

/**
 * The nodes of a role, of a group or of one name; empty if the selector names nothing. `all` means all nodes, and
 * `control-plane` the masters, unless a group or a node has that name. `common` is an older word for `all`.
 */
export function selectNodes(cluster: Pick<Cluster, 'nodes' | 'groups'>, selector: string): readonly Node[] {
  if (selector === 'common') return cluster.nodes
  if ((ROLES as readonly string[]).includes(selector)) {
    return cluster.nodes.filter((node) => node.roles.includes(selector as Role))
  }
  const group = Object.hasOwn(cluster.groups, selector) ? cluster.groups[selector] : undefined
  if (group !== undefined) return cluster.nodes.filter((node) => group.includes(node.name))
  const named = cluster.nodes.filter((node) => node.name === selector)
  if (named.length > 0) return named
  if (selector === 'all') return cluster.nodes
  return selector === MASTER_ALIAS ? nodesWith(cluster, 'master') : []
}

/** The nodes with a role, in the file's order. */
export function nodesWith(cluster: Pick<Cluster, 'nodes'>, role: Role): readonly Node[] {
  return cluster.nodes.filter(({ roles }) => roles.includes(role))
}

/** The nodes that carry etcd, in the file's order. */
export function etcdNodes(cluster: Cluster): readonly Node[] {
  return selectNodes(cluster, 'etcd')
}

/** As a member's node is looked at and worked on, whatever roles the node has now. */
export function asEtcdNode(node: Node): Node {
  return node.roles.includes('etcd') ? node : { ...node, roles: [...node.roles, 'etcd'] }
}
