/** The state of a node when it was last inspected. */
import type { AccountState } from './account.ts'
import type { PackageOwner } from './package-owner.ts'
import type { ServicesState } from './services.ts'
import type { Surroundings } from '../etcd/foreign-settings.ts'

export interface HostState {
  readonly name: string
  readonly os: { readonly id: string; readonly version: string }
  readonly architecture: Architecture
  readonly bootId: string
  /** Of the wanted packages, those that are installed. */
  readonly packages: readonly string[]
  /**
   * Versions of packages that were asked for, as the distribution writes them: `1.7.24~ds1-6`; missing if
   * unknown.
   */
  readonly packageVersions?: Readonly<Record<string, string>> | undefined
  /**
   * The package manager of the node: `apt-get`, `dnf`, `yum`, `zypper`, `apk`, `pacman`, `none`; undefined:
   * not asked.
   */
  readonly installer?: string | undefined
  /** The name of the cluster in the cluster ID file: the node has, or had, a member of it. */
  readonly pinned?: string | undefined
  /** A started command that must be finished before any other: the content of `/var/lib/quorate/underway`. */
  readonly underway?: Underway | undefined
  /** The progress of an unfinished restore on the node. */
  readonly restore?: RestoreState | undefined
  /** IDs that its cluster had before it was restored, hexadecimal. */
  readonly formerClusterIds?: readonly string[] | undefined
  /** The state of tiers other than etcd; undefined: not asked. */
  readonly services?: ServicesState | undefined
  /** Only for nodes that run etcd. */
  readonly member: MemberState | undefined
}

export interface Underway {
  /** `recover`, `restore`. */
  readonly verb: string
  /** The command line that finishes it. */
  readonly command: string
  /** Everything in the file, including those two. */
  readonly all: Readonly<Record<string, string>>
}

export interface RestoreState {
  /** The initial-cluster-token of the restored cluster, unique to each restore. */
  readonly token: string
  /** The ending of the names of renamed files. */
  readonly suffix: string
  /** Hex, of the snapshot. */
  readonly sha256: string
  /** The name of the snapshot. */
  readonly source: string
  /** As etcd's --initial-cluster. */
  readonly members: string
  /** Next to the present data, or in its place. */
  readonly reached: 'staged' | 'placed'
  /** Paths of renamed data. */
  readonly moved: readonly string[]
}

export type Architecture = 'amd64' | 'arm64' | 'other'

export interface MemberState {
  /** The user and the group `etcd`. */
  readonly account: AccountState
  /** Packages that own its unit, its user or its data; empty: none does. */
  readonly packagedBy: readonly PackageOwner[]
  /**
   * Owner, group and mode of what exists, by path; directories end as they were asked for. A link is `other`,
   * unless asked for with a slash.
   */
  readonly paths: Readonly<Record<string, PathState>>
  readonly dataPresent: boolean
  readonly walPresent: boolean
  /** The IDs in the WAL, hexadecimal; undefined: there is no WAL, they can't be read, or its member runs. */
  readonly logIdentity?: { readonly memberId: string; readonly clusterId: string } | undefined
  /** What can't be changed on the node; undefined: not asked. */
  readonly limits?: Limits | undefined
  /** `quorate stop` stopped it, and quorate has not started it since. `since`: ISO 8601, if recorded. */
  readonly stoppedByOperator?: { readonly since: string | undefined } | undefined
  /** The text of files that quorate manages, by path; absent ones are missing here. */
  readonly contents: Readonly<Record<string, string>>
  /** By file name: `etcd`, `etcdctl`, `etcdutl`. */
  readonly binaries: Readonly<Record<string, BinaryState>>
  readonly tls: TlsState
  readonly unit: UnitState
  /** What listens on the client or peer port while etcd's unit doesn't run, as `ss` prints it. */
  readonly listening: readonly string[]
  /** IP addresses of the node, except those of its loopback; as `ip` prints them. */
  readonly addresses: readonly string[]
  /** IP addresses from which the node connects to the other members' addresses of the cluster file. */
  readonly sources: readonly string[]
}

/** What the kernel refuses, whatever the owners and modes are. */
export interface Limits {
  /**
   * The data and WAL directories that can't be renamed: mount points, and those whose parent can't be
   * changed. They are emptied into a subdirectory instead.
   */
  readonly fixed: readonly string[]
  /** Mount points within the data or WAL directory, by that directory. */
  readonly inside: Readonly<Record<string, readonly string[]>>
  /** Directories in which nothing can be created, by the given path: it, or its nearest existing parent. */
  readonly closed: Readonly<Record<string, string>>
  /** By directory: the free space on its filesystem. */
  readonly room: Readonly<Record<string, Room>>
}

export interface Room {
  readonly freeBytes: number
  /** undefined: its filesystem has no fixed number of them. */
  readonly freeInodes: number | undefined
}

export interface PathState {
  readonly type: 'file' | 'directory' | 'other'
  readonly owner: string
  readonly group: string
  /** As `stat` says it, e.g. `755`. */
  readonly mode: string
  /** The real path behind a symbolic link in place of a member's directory. Its owner chose it. */
  readonly leadsTo?: string | undefined
}

/** Owner, group and mode of a file or directory. */
export type Ownership = Pick<PathState, 'owner' | 'group' | 'mode'>

export interface BinaryState {
  readonly sha256: string
  /** The version recorded at its installation; undefined: not installed, or changed since by another program. */
  readonly version: string | undefined
}

export interface TlsState {
  /** PEM by name (`etcd`, or `peer` and `server`). */
  readonly certificates: Readonly<Record<string, { readonly pem: string }>>
  /** SHA-256 (hex) of each key's public part (SPKI, DER), by name. */
  readonly keys: Readonly<Record<string, string>>
  /** PEM of the trust bundle. */
  readonly ca: string | undefined
  /** The environment file with the bundle's mark, from which quorate knows what a running process trusts. */
  readonly mark: string | undefined
  /** Requests whose keys wait for a certificate, by name. */
  readonly pending: Readonly<Record<string, { readonly csr: string; readonly configuration: string }>>
}

export interface UnitState {
  readonly exists: boolean
  /** systemd's ActiveState: `active`, `activating`, `inactive`, `failed` … */
  readonly active: string
  readonly enabled: boolean
  /** The unit on disk differs from the one that systemd has loaded. */
  readonly needsReload: boolean
  /** Path of the effective unit file. */
  readonly path: string
  readonly dropIns: readonly string[]
  /** It is linked to /dev/null, so that it can't be started. */
  readonly masked?: boolean | undefined
  /** Settings that would reach the next process from outside quorate's files; undefined: none. */
  readonly surroundings?: Surroundings | undefined
  readonly mainPid: number
  /** The environment that the running process was started with. */
  readonly environment: Readonly<Record<string, string>> | undefined
}

/** The paths of what etcd needs. */
export const PATHS = {
  environment: '/etc/etcd/options.env',
  clusterId: '/etc/etcd/cluster-id',
  unit: '/etc/systemd/system/etcd.service',
  tls: '/etc/ssl/etcd',
  underway: '/var/lib/quorate/underway',
  stopped: '/var/lib/quorate/stopped',
  /** kubeadm's, for an adopted etcd. */
  kubeletManifest: '/etc/kubernetes/manifests/etcd.yaml',
} as const
