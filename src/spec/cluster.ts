/**
 * The desired state: a cluster file, parsed, validated, and with every default filled in. All modules use these types.
 */

import type { BackupSpec } from './backup.ts'
import type { KubernetesSpec } from './kubernetes.ts'

/** quorate's own roles; a file can define groups in addition. `common` means every node. */
export const ROLES = ['etcd', 'master', 'worker', 'service'] as const
export type Role = (typeof ROLES)[number]

/** Kubernetes' present name for masters: a cluster file can use it for the role `master`. */
export const MASTER_ALIAS = 'control-plane'

export interface Cluster {
  /** `[a-z0-9]([a-z0-9-]*[a-z0-9])?`, at most 63 characters. */
  readonly name: string
  /** Absolute path of the cluster file. */
  readonly file: string
  /**
   * Absolute path of the directory in which quorate keeps this cluster's files: CA, known hosts, operator certificate.
   */
  readonly stateDirectory: string
  readonly nodes: readonly Node[]
  /** The file's own groups: name to node names. Never one of `ROLES` or `common`. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** Minimum hardware for a node of a role. */
  readonly requirements: Readonly<Record<Role, Requirements>>
  readonly pki: Pki
  readonly etcd: EtcdSpec
  /** flannel's network; undefined: the file has none. */
  readonly network: FlannelNetwork | undefined
  /** The URL of the API servers' load balancer, with a host name that every node must resolve. */
  readonly loadBalancerUrl: string | undefined
  /** HAProxy on the nodes with the role `service`; undefined: quorate doesn't manage the load balancer. */
  readonly loadBalancer?: LoadBalancer | undefined
  /** Kubernetes on the masters and workers; undefined: none. */
  readonly kubernetes?: KubernetesSpec | undefined
  /** undefined: the file has none. */
  readonly backup: BackupSpec | undefined
  /** Debian package names to install on every node. */
  readonly packages: readonly string[]
}

/** HAProxy in front of the API servers of the nodes with the role `master`. */
export interface LoadBalancer {
  /** The port for clients: that of the URL. */
  readonly port: number
  /** The port of the API servers, on every master. */
  readonly apiPort: number
  /** The virtual IP address that the service nodes share; undefined: clients use each one's own address. */
  readonly virtualAddress: string | undefined
}

export interface Node {
  readonly name: string
  /** The member's name in etcd, if it differs from the node's (`etcdNameOf`). */
  readonly etcdName?: string | undefined
  /** Primary IP address (IPv4 or IPv6, without brackets): etcd listens on it, and peers connect to it. */
  readonly address: string
  /** Further IP addresses of the node, for its certificate. */
  readonly addresses: readonly string[]
  /** Further DNS names of the node for its certificate, in addition to its name. */
  readonly names: readonly string[]
  readonly roles: readonly Role[]
  readonly ssh: SshTarget
  /**
   * Its peers still connect to `http://…`. Set only by the planner, while TLS is being enabled; a file can't set it.
   */
  readonly plainPeer?: true | undefined
  /**
   * The name (`memberName`) that this member requires in each peer's certificate; undefined: it accepts any certificate
   * of the CA. Set only by the planner, once every member has that name; a file can't set it.
   */
  readonly demands?: string | undefined
}

/** How to reach a node. Undefined fields come from the user's OpenSSH configuration. */
export interface SshTarget {
  /** Host name, address or alias for ssh. */
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

/** One certificate per node for everything, or one for peers and one for clients. */
export type CertificateLayout = 'single' | 'separate'

export interface Pki {
  readonly authority:
    | {
        readonly home: 'local'
        /** Absolute paths of an existing CA (or intermediate, with its chain); undefined: created on first use. */
        readonly certificate: string | undefined
        readonly key: string | undefined
        /** The key is encrypted at rest with a passphrase. */
        readonly passphrase: boolean
      }
    | {
        readonly home: 'host'
        /** A node's name, or an SSH destination that is not a node. */
        readonly ssh: SshTarget
        /** Its name in messages. */
        readonly hostName: string
        /** Paths on that host. */
        readonly certificate: string
        readonly key: string
        /** Signs as root on that host (with sudo for another user). */
        readonly sudo: boolean
      }
    | {
        readonly home: 'offline'
        /** Absolute path of the CA certificate (with its chain, if an intermediate). */
        readonly certificate: string
      }
  readonly layout: CertificateLayout
  readonly algorithm: KeyAlgorithm
  /** Validity of issued certificates. */
  readonly days: number
}

/** Where etcd's binaries come from. */
export type EtcdSource =
  | {
      readonly kind: 'release'
      /** URL template of the archive: `{version}`, `{arch}` (amd64, arm64), `{minor}`. */
      readonly url: string
      /** URL template of the SHA256SUMS next to it. */
      readonly checksums: string
      /** HTTP(S) proxy URL; undefined: the environment's HTTPS_PROXY and NO_PROXY. */
      readonly proxy: string | undefined
    }
  | {
      readonly kind: 'debian'
      /** bookworm, trixie, sid … */
      readonly suite: string
      /** Archive URL; undefined: the one in this node's apt configuration. */
      readonly mirror: string | undefined
    }
  | {
      readonly kind: 'modules'
      /** URL of a Go module proxy; undefined: Go's own setting. */
      readonly proxy: string | undefined
      /** Absolute path of the program `go` or of its toolchain's directory; undefined: quorate searches for one. */
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

/** Pinned checksums for one architecture: the release archive, and each program (SHA-256, lower-case hexadecimal). */
export type PinnedSums = Readonly<Partial<Record<'archive' | 'etcd' | 'etcdctl' | 'etcdutl', string>>>

export interface EtcdSpec {
  /** `3.5.16`: exact. */
  readonly version: string
  readonly source: EtcdSource
  /**
   * Only files with these checksums are installed; undefined: whatever the source itself verifies. An architecture
   * without pins is refused.
   */
  readonly sha256?: Readonly<Partial<Record<'amd64' | 'arm64', PinnedSums>>> | undefined
  readonly dataDirectory: string
  readonly walDirectory: string
  readonly clientPort: number
  readonly peerPort: number
  /** Serves `http://127.0.0.1:2379` without TLS: every local process then has full access to the keyspace. */
  readonly localPlaintext: boolean
  /**
   * Serves http in addition to https on the client port, so that clients of a cluster without TLS can switch one by
   * one.
   */
  readonly plaintextClients: boolean
  /** `local`: every local user of a node can read them; `clients`: only on the client port, with a certificate. */
  readonly metrics: 'local' | 'clients'
  /** Serves the v2 API (etcd 3.3 to 3.5), for flannel < 0.18. */
  readonly enableV2: boolean
  /** Any other etcd setting by its flag name without dashes, e.g. `heartbeat-interval: '100'`. */
  readonly settings: Readonly<Record<string, string>>
}

/** flannel's network configuration, in flannel's spelling. */
export interface FlannelNetwork {
  /** The directory of the etcd key; default: `/coreos.com/network`. */
  readonly prefix: string
  readonly config: FlannelConfig
  /** Also written through the v2 API (flannel < 0.18). */
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

/** The nodes that run etcd, in the file's order. */
export function etcdNodes(cluster: Cluster): readonly Node[] {
  return selectNodes(cluster, 'etcd')
}

/** The node as an etcd node, for a member on it, whatever roles the node has now. */
export function asEtcdNode(node: Node): Node {
  return node.roles.includes('etcd') ? node : { ...node, roles: [...node.roles, 'etcd'] }
}
