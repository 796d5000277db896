/** One simulated machine: its disk, systemd's state, and the etcd that runs on it. */
import type { ServicesState } from '../../src/host/services.ts'
import { trustMarkFile } from '../../src/pki/trust-mark.ts'
import { PEER_IDENTITY } from '../../src/etcd/configuration.ts'
import { parseEnvironmentFile } from '../../src/etcd/environment-file.ts'
import { type PathState, PATHS, type RestoreState, type Underway } from '../../src/host/state.ts'
import type { Cluster, Node } from '../../src/spec/cluster.ts'
import type { RaftMember } from './raft.ts'

/** What etcd keeps in its data and WAL directories. */
export interface MemberData {
  readonly clusterId: string
  readonly memberId: string
  /** A number for each initialization in this world: data that was lost and initialized again is different data. */
  readonly beginning: number
  /** Its log can't be read. */
  readonly damaged?: boolean
  /** Its contents differ from the others': they are those of this machine's member; undefined: they are equal. */
  readonly contentsOf?: string | undefined
}

export interface Certificate {
  readonly ca: string
  readonly key: string
  /** The configuration of the request that it was issued for. */
  request: string
  expired: boolean
}

export interface Process {
  readonly pid: number
  /** The environment that it was started with: the options of its file then, and its unit's mark. */
  readonly environment: Readonly<Record<string, string>>
  readonly version: string
  readonly data: MemberData
  /** The members as it last saw them. */
  known: readonly RaftMember[]
  /** It was part of a quorum since its start: systemd calls it active, and it answers. */
  ready: boolean
}

export interface Disk {
  readonly node: Node
  readonly packages: Set<string>
  /** Services of tiers other than etcd. */
  services: ServicesState
  userShell: string | undefined
  readonly paths: Map<string, PathState>
  readonly files: Map<string, string>
  readonly binaries: Map<string, { sha256: string; version: string | undefined }>
  data: MemberData | undefined
  wal: MemberData | undefined
  /** The minor version of its data's format; undefined: older than such versions. */
  format: string | undefined
  tls: {
    ca: string | undefined
    readonly certificates: Map<string, Certificate>
    /** The private keys themselves, which never leave the machine. */
    readonly keys: Map<string, string>
  }
  pending: Map<string, { readonly key: string; readonly configuration: string }>
  enabled: boolean
  /** The unit as systemd has loaded it. */
  loadedUnit: string | undefined
  /** systemd keeps restarting it (Restart=on-failure). */
  retrying: boolean
  /** The parent directory of its log is closed as soon as it is ready: the agent waits for that. */
  closes: boolean
  process: Process | undefined
  /** Its last process accepted only peers with the members' name. */
  demanded: boolean
  boots: number
  /** Renamed data that still exists. */
  readonly aside: MemberData[]
  /** Data that a restore created next to the present data, and has not yet put in its place. */
  staged?: MemberData | undefined
  /** Progress of a restore on this machine. */
  restore?: RestoreState | undefined
  /** The marker that keeps other commands out. */
  underway?: Underway | undefined
  /** IDs that its cluster had before it was restored. */
  formerIds?: readonly string[] | undefined
  /** Suspended (SIGSTOP): it listens, and never answers. */
  paused: boolean
  /** Its connection to the other members: blocked completely, or in one direction. */
  cut: 'both' | 'in' | 'out' | undefined
  /** It serves, but not requests from the workstation. */
  silent: boolean
  /** Login from the workstation is impossible. */
  unreachable: boolean
  /** The machine is off. */
  off: boolean
  /** Its disk is full. */
  full: boolean
  /** Its log is far behind. */
  slow: boolean
}

export function bareDisk(node: Node): Disk {
  return {
    node,
    packages: new Set(),
    services: { units: {}, files: {}, devices: {}, holders: {} },
    userShell: undefined,
    paths: new Map(),
    files: new Map(),
    binaries: new Map(),
    data: undefined,
    wal: undefined,
    format: undefined,
    tls: { ca: undefined, certificates: new Map(), keys: new Map() },
    pending: new Map(),
    enabled: false,
    loadedUnit: undefined,
    retrying: false,
    closes: false,
    process: undefined,
    demanded: false,
    boots: 1,
    aside: [],
    paused: false,
    cut: undefined,
    silent: false,
    unreachable: false,
    off: false,
    full: false,
    slow: false,
  }
}

/** It claims to be a member of a verified cluster. */
export function isMarked(disk: Disk): boolean {
  return disk.files.has(PATHS.clusterId) || environmentOf(disk)['ETCD_INITIAL_CLUSTER_STATE'] === 'existing'
}

export function environmentOf(disk: Disk): Readonly<Record<string, string>> {
  return parseEnvironmentFile(disk.files.get(PATHS.environment) ?? '')
}

/** The mark next to the trust bundle. It is never edited, and there is one CA. */
export function trustMarkOf({ tls }: Disk, ca: string | undefined): string | undefined {
  return tls.ca === undefined || ca === undefined ? undefined : trustMarkFile(ca)
}

/** The environment of a process that starts now: systemd uses the unit as it has loaded it. */
export function startEnvironment(disk: Disk, ca: string | undefined): Readonly<Record<string, string>> {
  const unit = [...(disk.loadedUnit ?? '').matchAll(/^Environment=(\w+)=(.*)$/gm)]
  const own = unit.map(([, name = '', value = '']) => [name, value] as const)
  const trust = parseEnvironmentFile(trustMarkOf(disk, ca) ?? '')
  return { ...Object.fromEntries(own), ...trust, ...environmentOf(disk) }
}

/** The parent of the log's directory. */
export function aboveLog({ etcd: { walDirectory } }: Cluster): string {
  return walDirectory.slice(0, walDirectory.lastIndexOf('/'))
}

/** Whether etcd can write to it. */
export function isWritable(folder: PathState | undefined): boolean {
  if (folder === undefined) return false
  return folder.owner === 'etcd' || (folder.group === 'etcd' && /[2367][0-7]$/.test(folder.mode))
}

/** Why its etcd can't run at all, whatever its data is; undefined: it can. */
export function unfitness(disk: Disk, cluster: Cluster): string | undefined {
  const environment = environmentOf(disk)
  if (disk.off) return 'the machine is off'
  if (disk.full) return 'its disk is full'
  if (disk.loadedUnit === undefined) return 'there is no unit'
  if (disk.userShell === undefined) return 'there is no user etcd'
  if (!disk.binaries.has('etcd')) return 'there is no /usr/local/bin/etcd'
  if (environment['ETCD_NAME'] === undefined) return 'there is no options file'
  const { dataDirectory } = cluster.etcd
  const folder = disk.paths.get(dataDirectory)
  if (folder?.owner !== 'etcd') return `${dataDirectory} is not etcd's`
  const above = aboveLog(cluster)
  // etcd creates its log by renaming a sibling directory.
  if (disk.wal === undefined && !isWritable(disk.paths.get(above))) return `${above} is not open to etcd`
  for (const variable of ['ETCD_CERT_FILE', 'ETCD_PEER_CERT_FILE']) {
    const name = /([a-z]+)\.crt$/.exec(environment[variable] ?? '')?.[1] ?? ''
    const certificate = disk.tls.certificates.get(name)
    if (certificate === undefined || certificate.key !== disk.tls.keys.get(name))
      return `${name}.crt is not usable`
  }
  return undefined
}

const MEMBER_NAME = /^DNS\.\d+ = member\..*\n/m

/** Whether a request, or its certificate, has the name by which members recognize each other. */
export function isNamed(request: string): boolean {
  return MEMBER_NAME.test(request)
}

/** The same without that name. */
export function unnamed(request: string): string {
  return request.replace(MEMBER_NAME, '')
}

/** It accepts only peers with the members' name. */
export function demands({ process }: Disk): boolean {
  return Boolean(process?.environment[PEER_IDENTITY])
}

/** Its peer certificate has the name: it is read at every handshake. */
export function showsName(disk: Disk): boolean {
  const name = disk.tls.certificates.has('peer') ? 'peer' : 'etcd'
  return isNamed(disk.tls.certificates.get(name)?.request ?? '')
}
