/** One simulated machine: what is on its disk, what systemd knows, and the etcd that runs there. */
import type { ServicesState } from '../../src/host/services.ts'
import { trustMarkFile } from '../../src/pki/trust-mark.ts'
import { PEER_IDENTITY } from '../../src/etcd/configuration.ts'
import { parseEnvironmentFile } from '../../src/etcd/environment-file.ts'
import { type PathState, PATHS, type RestoreState, type Underway } from '../../src/host/state.ts'
import type { Cluster, Node } from '../../src/spec/cluster.ts'
import type { RaftMember } from './raft.ts'

/** What etcd keeps in its data and WAL folders. */
export interface MemberData {
  readonly clusterId: string
  readonly memberId: string
  /** Which of all the beginnings in this world it was: data that was lost and begun again is other data. */
  readonly beginning: number
  /** Its log can't be read. */
  readonly damaged?: boolean
  /** It has other contents than the others, those of this machine's member; undefined: it has what they have. */
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
  /** What it was started with: the options of its file then, and its unit's mark. */
  readonly environment: Readonly<Record<string, string>>
  readonly version: string
  readonly data: MemberData
  /** The members as it last saw them. */
  known: readonly RaftMember[]
  /** Was in a quorum since its start: systemd calls it active, and it answers. */
  ready: boolean
}

export interface Disk {
  readonly node: Node
  readonly packages: Set<string>
  /** Of tiers beside etcd. */
  services: ServicesState
  userShell: string | undefined
  readonly paths: Map<string, PathState>
  readonly files: Map<string, string>
  readonly binaries: Map<string, { sha256: string; version: string | undefined }>
  data: MemberData | undefined
  wal: MemberData | undefined
  /** The minor of the format that its data is in; undefined: older than formats have minors. */
  format: string | undefined
  tls: {
    ca: string | undefined
    readonly certificates: Map<string, Certificate>
    /** The private keys themselves: nobody but the machine ever has them. */
    readonly keys: Map<string, string>
  }
  pending: Map<string, { readonly key: string; readonly configuration: string }>
  enabled: boolean
  /** The unit as systemd has read it. */
  loadedUnit: string | undefined
  /** systemd tries again and again (Restart=on-failure). */
  retrying: boolean
  /** The folder above its log is closed as soon as it is ready: the agent waits for that. */
  closes: boolean
  process: Process | undefined
  /** Its last process took peers with the members' name alone. */
  demanded: boolean
  boots: number
  /** Data that was moved aside, and lies there still. */
  readonly aside: MemberData[]
  /** What a restore has made beside the data, and not put in its place yet. */
  staged?: MemberData | undefined
  /** How far a restore is here. */
  restore?: RestoreState | undefined
  /** The mark that keeps other verbs away. */
  underway?: Underway | undefined
  /** IDs that its cluster had before it was restored. */
  formerIds?: readonly string[] | undefined
  /** Stopped in its tracks (SIGSTOP): it listens, and never answers. */
  paused: boolean
  /** Its link to the other members: nothing goes through, or nothing in one direction. */
  cut: 'both' | 'in' | 'out' | undefined
  /** It serves, but not those who ask from where quorate is. */
  silent: boolean
  /** Nobody can log in to it from where quorate is. */
  unreachable: boolean
  /** The machine is off. */
  off: boolean
  /** Nothing more fits on its disk. */
  full: boolean
  /** Far behind with the log. */
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

/** Says of itself that it was a member of a verified cluster. */
export function isMarked(disk: Disk): boolean {
  return disk.files.has(PATHS.clusterId) || environmentOf(disk)['ETCD_INITIAL_CLUSTER_STATE'] === 'existing'
}

export function environmentOf(disk: Disk): Readonly<Record<string, string>> {
  return parseEnvironmentFile(disk.files.get(PATHS.environment) ?? '')
}

/** What lies beside the trust bundle. Nobody here edits it, and there is one CA. */
export function trustMarkOf({ tls }: Disk, ca: string | undefined): string | undefined {
  return tls.ca === undefined || ca === undefined ? undefined : trustMarkFile(ca)
}

/** The environment of a process that is started now: systemd takes the unit as it has read it. */
export function startEnvironment(disk: Disk, ca: string | undefined): Readonly<Record<string, string>> {
  const unit = [...(disk.loadedUnit ?? '').matchAll(/^Environment=(\w+)=(.*)$/gm)]
  const own = unit.map(([, name = '', value = '']) => [name, value] as const)
  const trust = parseEnvironmentFile(trustMarkOf(disk, ca) ?? '')
  return { ...Object.fromEntries(own), ...trust, ...environmentOf(disk) }
}

/** The folder that the log's folder lies in. */
export function aboveLog({ etcd: { walDirectory } }: Cluster): string {
  return walDirectory.slice(0, walDirectory.lastIndexOf('/'))
}

/** etcd can write there. */
export function isWritable(folder: PathState | undefined): boolean {
  if (folder === undefined) return false
  return folder.owner === 'etcd' || (folder.group === 'etcd' && /[2367][0-7]$/.test(folder.mode))
}

/** Why its etcd can't be run at all, whatever its data is; undefined: it can. */
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
  // etcd makes its log by renaming a sibling.
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

/** Whether a request, or what was issued for it, has the name by which members know each other. */
export function isNamed(request: string): boolean {
  return MEMBER_NAME.test(request)
}

/** The same without that name. */
export function unnamed(request: string): string {
  return request.replace(MEMBER_NAME, '')
}

/** It takes peers with the members' name alone. */
export function demands({ process }: Disk): boolean {
  return Boolean(process?.environment[PEER_IDENTITY])
}

/** What it shows its peers has the name: read at every handshake. */
export function showsName(disk: Disk): boolean {
  const name = disk.tls.certificates.has('peer') ? 'peer' : 'etcd'
  return isNamed(disk.tls.certificates.get(name)?.request ?? '')
}
