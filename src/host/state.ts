/** What a machine was like when it was last looked at. */
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
  /** Versions of packages that were asked for, as the distribution writes them: `1.7.24~ds1-6`; missing where it was not said. */
  readonly packageVersions?: Readonly<Record<string, string>> | undefined
  /** What installs packages there: `apt-get`, `dnf`, `yum`, `zypper`, `apk`, `pacman`, `none`; undefined: not asked. */
  readonly installer?: string | undefined
  /** The name of the cluster whose mark lies there: a member of it is here, or was. */
  readonly pinned?: string | undefined
  /** A verb was begun here that must be finished before any other: what `/var/lib/quorate/underway` says. */
  readonly underway?: Underway | undefined
  /** What a restore that is not finished has done there. */
  readonly restore?: RestoreState | undefined
  /** IDs that its cluster had before it was restored, hexadecimal. */
  readonly formerClusterIds?: readonly string[] | undefined
  /** What tiers beside etcd have there; undefined: nobody asked. */
  readonly services?: ServicesState | undefined
  /** Only of nodes that carry etcd. */
  readonly member: MemberState | undefined
}

export interface Underway {
  /** `recover`, `restore`. */
  readonly verb: string
  /** The command line that finishes it. */
  readonly command: string
  /** Everything that stands there, those two among it. */
  readonly all: Readonly<Record<string, string>>
}

export interface RestoreState {
  /** The initial-cluster-token of the restored cluster: no two restores have the same. */
  readonly token: string
  /** Ends the names of what is moved aside. */
  readonly suffix: string
  /** Hex, of the snapshot. */
  readonly sha256: string
  /** What the snapshot was called. */
  readonly source: string
  /** As etcd's --initial-cluster. */
  readonly members: string
  /** Beside the present data, or in its place. */
  readonly reached: 'staged' | 'placed'
  /** Paths of what was moved aside. */
  readonly moved: readonly string[]
}

export type Architecture = 'amd64' | 'arm64' | 'other'

export interface MemberState {
  /** The user and the group `etcd`. */
  readonly account: AccountState
  /** Packages that own its unit, its user or its data; empty: none does. */
  readonly packagedBy: readonly PackageOwner[]
  /** Owner, group and mode of what exists, by path; folders end as they were asked. A link is `other`, unless asked with a slash. */
  readonly paths: Readonly<Record<string, PathState>>
  readonly dataPresent: boolean
  readonly walPresent: boolean
  /** Whose the log is, as hexadecimal IDs; undefined: there is none, it can't be told, or its member runs. */
  readonly logIdentity?: { readonly memberId: string; readonly clusterId: string } | undefined
  /** What can't be done there; undefined where nobody asked. */
  readonly limits?: Limits | undefined
  /** `quorate stop` has left its mark, and nobody has started it with quorate since. `since`: ISO 8601, if the mark has it. */
  readonly stoppedByOperator?: { readonly since: string | undefined } | undefined
  /** The text of files that quorate manages, by path; absent ones are missing here. */
  readonly contents: Readonly<Record<string, string>>
  /** By file name: `etcd`, `etcdctl`, `etcdutl`. */
  readonly binaries: Readonly<Record<string, BinaryState>>
  readonly tls: TlsState
  readonly unit: UnitState
  /** What listens on the client or peer port while our unit does not run, as `ss` says it. */
  readonly listening: readonly string[]
  /** IP addresses that the machine has, but for those of its loopback; as `ip` writes them. */
  readonly addresses: readonly string[]
  /** IP addresses from which it calls the other members where the cluster file places them. */
  readonly sources: readonly string[]
}

/** What the kernel says no to, whatever the owners and modes are. */
export interface Limits {
  /**
   * Of data and log directory, those that can't be renamed: mount points, and those in a directory that can't be changed.
   * They are emptied into a directory within them instead.
   */
  readonly fixed: readonly string[]
  /** Mount points within data or log directory, by that directory. */
  readonly inside: Readonly<Record<string, readonly string[]>>
  /** Directories in which nothing can be made, by the path that was asked for: it, or the nearest one above that is there. */
  readonly closed: Readonly<Record<string, string>>
  /** By directory: what is free on its filesystem. */
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
  /** Of a symbolic link where a directory of the member's belongs: the real path behind it. Its owner chose it. */
  readonly leadsTo?: string | undefined
}

/** Whose a file or folder is, and who may do what with it. */
export type Ownership = Pick<PathState, 'owner' | 'group' | 'mode'>

export interface BinaryState {
  readonly sha256: string
  /** The version noted at its installation; undefined: not installed, or changed since, by somebody else. */
  readonly version: string | undefined
}

export interface TlsState {
  /** PEM by name (`etcd`, or `peer` and `server`), with what it belongs to. */
  readonly certificates: Readonly<Record<string, { readonly pem: string }>>
  /** SHA-256 (hex) of each key's public part (SPKI, DER), by name. */
  readonly keys: Readonly<Record<string, string>>
  /** PEM of the trust bundle. */
  readonly ca: string | undefined
  /** The environment file with the bundle's mark, which tells of a process what it trusts since its start. */
  readonly mark: string | undefined
  /** Requests whose keys wait for a certificate, by name. */
  readonly pending: Readonly<Record<string, { readonly csr: string; readonly configuration: string }>>
}

export interface UnitState {
  readonly exists: boolean
  /** systemd's ActiveState: `active`, `activating`, `inactive`, `failed` … */
  readonly active: string
  readonly enabled: boolean
  /** The unit on disk differs from the one systemd has in mind. */
  readonly needsReload: boolean
  /** Path of the unit file in force. */
  readonly path: string
  readonly dropIns: readonly string[]
  /** It is linked to nothing, so that it can't be started. */
  readonly masked?: boolean | undefined
  /** What would reach the next process from outside quorate's own files; undefined: nothing. */
  readonly surroundings?: Surroundings | undefined
  readonly mainPid: number
  /** The environment that the running process was started with. */
  readonly environment: Readonly<Record<string, string>> | undefined
}

/** Where quorate puts what etcd needs. The seed's places. */
export const PATHS = {
  environment: '/etc/etcd/options.env',
  clusterId: '/etc/etcd/cluster-id',
  unit: '/etc/systemd/system/etcd.service',
  tls: '/etc/ssl/etcd',
  underway: '/var/lib/quorate/underway',
  stopped: '/var/lib/quorate/stopped',
  /** kubeadm's, of an etcd that was adopted. */
  kubeletManifest: '/etc/kubernetes/manifests/etcd.yaml',
} as const
