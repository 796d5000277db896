/**
 * Whether the nodes allow a plan: all of its steps are checked before the first. Otherwise, what the kernel refuses
 * would be found half-way, when a member has been removed and can't return. Examples: a read-only file system, an
 * immutable directory, a mount point, a full disk. Pure.
 */
import { type Limits, PATHS } from '../../../host/state.ts'
import { type Cluster } from '../../../spec/cluster.ts'
import { formatBytes } from '../../../spec/units.ts'
import type { ClusterFacts, Observed } from '../facts/observed.ts'
import type { BlockReason } from '../../../engine/step.ts'
import type { HostStep, ResetStep, Step } from '../steps/steps.ts'

/** etcd allocates two full WAL segments, of 64 MB each. */
const LOG_BYTES = 128_000_000

/** Minimum space for the binaries of any version: less would fail half-way. */
const BINARY_BYTES = 20 * 1024 ** 2

const BINARIES = '/usr/local/bin'
const TLS_STORE = '/etc/ssl'
const UNITS = '/etc/systemd/system'

export function infeasible(
  cluster: Cluster,
  { hosts, cluster: facts }: Pick<Observed, 'hosts'> & Partial<Pick<Observed, 'cluster'>>,
  steps: readonly (Step | ResetStep)[],
): readonly BlockReason[] {
  const own = Map.groupBy(
    steps.filter((step): step is Work => step.host !== undefined),
    ({ host }) => host,
  )
  return [...own].flatMap(([host, all]) => {
    const limits = hosts[host]?.member?.limits
    if (limits === undefined) return []
    const emptied = new Set(all.flatMap((step) => (step.kind === 'aside' ? step.paths : [])))
    const reasons = all.flatMap((step) => [
      ...closedReasons(cluster, limits, step),
      ...moveReasons(cluster, limits, step),
      ...(step.kind === 'start' && (emptied.size > 0 || step.firstStart !== undefined)
        ? newDataReasons(cluster, limits, largestDatabase(facts))
        : []),
      ...(step.kind === 'binaries' ? roomReasons(limits, [BINARIES], BINARY_BYTES, step.what) : []),
    ])
    const once = new Map(reasons.map((reason) => [reason.message, reason]))
    return [...once.values()].map((reason) => ({ host, ...reason }))
  })
}

type Work = HostStep | ResetStep

/** Directories in which a step creates something, by the paths in `Limits`. */
function placesOf({ etcd }: Cluster, step: Work): readonly string[] {
  switch (step.kind) {
    case 'user':
      return ['/etc']
    case 'directory':
      return [step.path]
    case 'binaries':
      return [BINARIES, '/var/lib/quorate']
    case 'file':
      return [step.path === PATHS.unit ? UNITS : '/etc/etcd']
    case 'key':
    case 'certificates':
    case 'ca':
      return [TLS_STORE]
    case 'enable':
    case 'stop':
      return [UNITS]
    case 'aside':
      // Those that can't be renamed are emptied, and so must be writable themselves.
      return step.paths.flatMap((path) => (step.within?.includes(path) === true ? [path] : []))
    case 'remove':
      return step.paths
    case 'restore-stage':
      return [above(etcd.dataDirectory), above(etcd.walDirectory)]
    default:
      return []
  }
}

function closedReasons(cluster: Cluster, limits: Limits, step: Work): BlockReason[] {
  return placesOf(cluster, step).flatMap((path) => {
    const closed = limits.closed[path]
    const place = closed ?? path
    const full = limits.room[place]?.freeInodes === 0 && step.kind !== 'stop'
    if (closed === undefined && !full) return []
    return [closed === undefined ? noInodes(place, step.what) : cantWrite(place, step.what)]
  })
}

function cantWrite(place: string, what: string): BlockReason {
  return {
    id: 'path-is-read-only',
    message: `can't ${what}: ${place} is read-only or immutable`,
    hint: `make ${place} writable (see findmnt -T ${place} and lsattr -d ${place}), then rerun the command`,
  }
}

function noInodes(place: string, what: string): BlockReason {
  return {
    id: 'no-free-space',
    message: `can't ${what}: the file system of ${place} has no free inodes`,
    hint: `delete files that are not needed on that file system (df -i ${place}), then rerun the command`,
  }
}

/** Data to rename or replace. */
function moveReasons({ etcd }: Cluster, limits: Limits, step: Work): BlockReason[] {
  if (step.kind === 'restore-stage') return swapReasons(limits, [etcd.dataDirectory, etcd.walDirectory])
  if (step.kind !== 'aside' && step.kind !== 'remove') return []
  return insideReasons(limits, step.paths)
}

function insideReasons({ inside }: Limits, paths: readonly string[]): BlockReason[] {
  return paths.flatMap((path) =>
    (inside[path] ?? []).map((mount): BlockReason => ({
      id: 'mount-point',
      message: `can't rename ${path}: it contains the mount point ${mount}`,
      hint: `mount that file system at ${path}, or one directory higher, with the data in it`,
    })),
  )
}

/** Why data can't be replaced with a rename. */
export function swapReasons(limits: Limits, paths: readonly string[]): BlockReason[] {
  return [
    ...paths
      .filter((path) => limits.fixed.includes(path))
      .map((path): BlockReason => ({
        id: 'mount-point',
        message: `can't replace ${path}: it can't be renamed, because it is a mount point or in a read-only or immutable directory`,
        hint: `mount the file system one directory higher, with etcd's data in a directory on it (findmnt -T ${path})`,
      })),
    ...insideReasons(limits, paths),
  ]
}

/** A member that starts without data: etcd creates the WAL by renaming a directory to its path. */
/** In bytes, of those that answered. */
function largestDatabase(facts: ClusterFacts | undefined): number {
  return Math.max(0, ...Object.values(facts?.space ?? {}).map(({ sizeBytes }) => sizeBytes))
}

function newDataReasons({ etcd }: Cluster, limits: Limits, databaseBytes: number): BlockReason[] {
  const { dataDirectory, walDirectory } = etcd
  const within = walDirectory.startsWith(`${dataDirectory}/`)
  const closed = within ? limits.closed[dataDirectory] : limits.closed[above(walDirectory)]
  const what = 'start a member without data'
  const log = `create the write-ahead log ${walDirectory}`
  return [
    ...[limits.closed[dataDirectory]].flatMap((place) =>
      place === undefined ? [] : [cantWrite(place, what)],
    ),
    ...(closed === undefined ? [] : [cantWrite(closed, log)]),
    ...(limits.fixed.includes(walDirectory) && closed === undefined
      ? [
          {
            id: 'mount-point' as const,
            message: `can't ${log}: it is a mount point, and etcd renames a new directory to that path`,
            hint: `mount the file system one directory higher, with the WAL in a directory on it (findmnt ${walDirectory})`,
          },
        ]
      : []),
    ...roomReasons(
      limits,
      [dataDirectory, above(dataDirectory)],
      databaseBytes + (within ? LOG_BYTES : 0),
      what,
    ),
    ...(within ? [] : roomReasons(limits, [above(walDirectory)], LOG_BYTES, log)),
  ]
}

/**
 * Why a member's data can't be renamed and the member started without data.
 *
 * @param databaseBytes of the members that send it their data
 */
export function rejoinReasons(
  cluster: Cluster,
  limits: Limits,
  databaseBytes: number,
): readonly BlockReason[] {
  const { dataDirectory, walDirectory } = cluster.etcd
  return [
    ...insideReasons(limits, [walDirectory, dataDirectory]),
    ...newDataReasons(cluster, limits, databaseBytes),
  ]
}

/** For the first of these directories that was observed. */
function roomReasons(
  { room }: Limits,
  places: readonly string[],
  wanted: number,
  what: string,
): BlockReason[] {
  const place = places.find((path) => room[path] !== undefined)
  const free = place === undefined ? undefined : room[place]
  if (place === undefined || free === undefined) return []
  if (free.freeInodes === 0) return [noInodes(place, what)]
  if (free.freeBytes >= wanted) return []
  return [
    {
      id: 'no-free-space',
      message: `can't ${what}: ${formatBytes(free.freeBytes)} free on the file system of ${place}, ${formatBytes(wanted)} needed`,
      hint: `free space on that file system (df -h ${place}), then rerun the command`,
    },
  ]
}

function above(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}
