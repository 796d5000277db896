/** Events on machines, during runs and between them. */
import type { Cluster } from '../../src/spec/cluster.ts'
import { type Disk, bareDisk, isMarked } from './disk.ts'
import { DRIFTS, type Drift, drift, isWhole } from './drift.ts'
import { hasPlace, reboot, start, stop } from './etcd.ts'
import { type World, diskOf, noteForgotten, raftOf } from './world.ts'

/** Accidents without a loss: a run afterwards must end in done. */
export const ACCIDENTS = ['crash', 'reboot', 'stop'] as const

/** Faults that last until they are fixed; after that a run must end in done. */
export const TROUBLES = [
  'paused',
  'cut-off',
  'deaf',
  'mute',
  'silent',
  'unreachable',
  'machine-off',
  'disk-full',
  'slow',
  'no-space',
  'corrupt',
] as const

export const LOSSES = ['data-lost', 'wal-lost', 'both-lost', 'machine-reinstalled'] as const

type Accident = (typeof ACCIDENTS)[number]
type Trouble = (typeof TROUBLES)[number]
type Loss = (typeof LOSSES)[number]
export type EventKind = Accident | Trouble | Drift | Loss

export interface WorldEvent {
  readonly kind: EventKind
  /** Which machine, modulo their number. */
  readonly host: number
}

export function happen(world: World, cluster: Cluster, event: WorldEvent): void {
  const node = cluster.nodes[event.host % cluster.nodes.length]
  if (node === undefined) return
  const disk = diskOf(world, node.name)
  const { kind } = event
  if (isOneOf(ACCIDENTS, kind)) accident(world, cluster, disk, kind)
  else if (isOneOf(TROUBLES, kind)) trouble(world, disk, kind)
  else if (isOneOf(DRIFTS, kind)) drift(world, cluster, disk, kind)
  else lose(world, cluster, disk, kind)
}

function isOneOf<T extends string>(kinds: readonly T[], kind: string): kind is T {
  return (kinds as readonly string[]).includes(kind)
}

function accident(world: World, cluster: Cluster, disk: Disk, kind: Accident): void {
  if (disk.off) return
  if (kind === 'reboot') return reboot(world, cluster, disk)
  const ran = disk.process !== undefined
  stop(disk)
  if (kind === 'crash' && ran) start(world, cluster, disk, 'systemd')
}

function trouble(world: World, disk: Disk, kind: Trouble): void {
  switch (kind) {
    case 'paused':
      disk.paused = disk.process !== undefined
      return
    case 'cut-off':
      disk.cut = 'both'
      return
    case 'deaf':
      disk.cut = 'in'
      return
    case 'mute':
      disk.cut = 'out'
      return
    case 'silent':
      disk.silent = true
      return
    case 'unreachable':
      disk.unreachable = true
      return
    case 'machine-off':
      stop(disk)
      disk.off = true
      return
    case 'disk-full':
      disk.full = true
      // etcd panics if it can't write its log, and systemd retries.
      disk.retrying = disk.process !== undefined
      disk.process = undefined
      return
    case 'slow':
      disk.slow = true
      return
    case 'no-space':
      raftOf(world)?.alarms.add('NOSPACE')
      return
    case 'corrupt':
      raftOf(world)?.alarms.add('CORRUPT')
  }
}

/** All lasting faults are fixed; machines return in their former state. */
export function heal(world: World, cluster: Cluster): void {
  for (const raft of world.rafts.values()) raft.alarms.clear()
  for (const disk of world.disks.values()) {
    Object.assign(disk, {
      paused: false,
      cut: undefined,
      silent: false,
      unreachable: false,
      full: false,
      slow: false,
    })
    if (disk.off) {
      disk.off = false
      reboot(world, cluster, disk)
    }
    // On a machine that the file no longer names, only its owner starts a member.
    const named = cluster.nodes.some(({ name }) => name === disk.node.name)
    if (!named && disk.enabled) start(world, cluster, disk, 'systemd')
  }
}

function lose(world: World, cluster: Cluster, disk: Disk, kind: Loss): void {
  if (disk.data === undefined && disk.wal === undefined && !isMarked(disk)) return
  const { name } = disk.node
  if (hasPlace(world, name)) world.truth.lost.add(name)
  else world.truth.excuse ??= `${name}: ${kind}`
  world.truth.unseen.add(name)
  stop(disk)
  if (kind !== 'wal-lost') {
    disk.data = undefined
    disk.format = undefined
  }
  if (kind !== 'data-lost') disk.wal = undefined
  noteForgotten(world, cluster)
  if (kind === 'machine-reinstalled') {
    const { cut, silent, unreachable, off, full, slow, aside } = disk
    const bare = bareDisk(disk.node)
    Object.assign(disk, { ...bare, boots: disk.boots + 1, cut, silent, unreachable, off, full, slow, aside })
    const some = cluster.nodes.some((node) => isWhole(diskOf(world, node.name)))
    if (!some) {
      world.truth.forgotten = true
      world.truth.excuse ??= 'the last pin went with its machine'
    }
  }
}
