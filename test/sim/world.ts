/** A whole simulated world: machines, the CA, flannel's network, the lock, and what nobody in it knows but the test. */
import type { Cluster, Node } from '../../src/spec/cluster.ts'
import { type Disk, bareDisk, isMarked } from './disk.ts'
import type { Kubernetes } from './kubernetes/model.ts'
import type { Raft } from './raft.ts'
import { Violation } from './violation.ts'

export interface World {
  readonly disks: ReadonlyMap<string, Disk>
  /** By cluster ID. */
  readonly rafts: Map<string, Raft>
  ca: string | undefined
  network: string | undefined
  /** The token of the operator who holds the lock on all machines. */
  lock: string | undefined
  /** Counts everything that must be unique: keys, tokens, beginnings. */
  count: number
  readonly truth: Truth
  /** undefined: none of its machines has a part in Kubernetes. */
  readonly kubernetes?: Kubernetes | undefined
  /** A member that the others look for elsewhere takes part all the same; etcd does so, and promises nothing. */
  readonly dialsOut: boolean
  /** Is told what happens, and may have something else happen. */
  readonly watch: Watch
  /** Requests that were rendered already: they are costly, and looked at in every look. */
  readonly requests: WeakMap<Cluster, Map<string, string>>
}

export interface Watch {
  /** This machine has been looked at, and the next one has not. */
  looked?: ((host: string) => void) | undefined
  /** A run is about to start this machine's member. */
  starts?: ((host: string) => void) | undefined
}

/** What really happened, to judge by; no planner sees it. */
export interface Truth {
  /** IDs of clusters that once had a quorum. */
  readonly served: Set<string>
  /** IDs of clusters that were verified. */
  readonly verified: Set<string>
  /** Hosts whose member belongs to a cluster that was pinned. */
  readonly belongs: Map<string, string>
  /** Hosts that changed in the middle of a run, perhaps after it looked: etcd and its unit are then the only guards. */
  readonly unseen: Set<string>
  /** Something was lost or changed by hand that no tool can mend unasked: a refusal is then a right answer. */
  excuse: string | undefined
  /** No machine of the file's knew of the cluster any more, once: that another was begun nobody could prevent. */
  forgotten: boolean
  /** Hosts whose member lost what it had in an established cluster: `replace` makes it anew. */
  readonly lost: Set<string>
  /**
   * Something happened after the last look: what a wave does then can't be held against the planner. `partly`: but
   * whether all members are there was looked at again.
   */
  blind: 'wholly' | 'partly' | undefined
  /** ID of the member that led when the present run began. */
  led: string | undefined
  /** Something happened in the midst of a look, which saw some machines before it and some behind. */
  skewed: boolean
}

export function makeWorld(nodes: readonly Node[], dialsOut: boolean): World {
  return {
    disks: new Map(nodes.map((node) => [node.name, bareDisk(node)])),
    rafts: new Map(),
    ca: undefined,
    network: undefined,
    lock: undefined,
    count: 0,
    dialsOut,
    watch: {},
    requests: new WeakMap(),
    truth: {
      served: new Set(),
      verified: new Set(),
      belongs: new Map(),
      unseen: new Set(),
      excuse: undefined,
      forgotten: false,
      lost: new Set(),
      blind: undefined,
      led: undefined,
      skewed: false,
    },
  }
}

export function diskOf(world: World, host: string): Disk {
  const disk = world.disks.get(host)
  if (disk === undefined) throw new TypeError(`there is no machine ${host}`)
  return disk
}

export function fresh(world: World): number {
  world.count += 1
  return world.count
}

/** Some machine of the file's still knows that there was a cluster. */
export function isRemembered(world: World, cluster: Cluster): boolean {
  return cluster.nodes.some((node) => isMarked(diskOf(world, node.name)))
}

/** The cluster that these machines are in, if it was ever pinned. */
export function raftOf(world: World): Raft | undefined {
  const ids = new Set(world.truth.belongs.values())
  return [...ids].map((id) => world.rafts.get(id)).find((raft) => raft !== undefined)
}

/**
 * Two clusters with data, that both served: whoever wrote to the first does not find it in the second. What lies on
 * machines that the file no longer names is out of anybody's sight.
 */
export function checkOneCluster(world: World, cluster: Cluster): void {
  const named = cluster.nodes.map((node) => diskOf(world, node.name))
  const alive = new Set(
    named.flatMap(({ data }) =>
      data !== undefined && world.truth.served.has(data.clusterId) ? [data.clusterId] : [],
    ),
  )
  if (alive.size > 1 && !world.truth.forgotten)
    throw new Violation('one-cluster', `${[...alive].join(' and ')} both served`)
}
