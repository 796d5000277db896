/**
 * A complete simulated world: machines, the CA, flannel's network, the lock, and the truth, which only the test knows.
 */
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
  /** Counts everything that must be unique: keys, tokens, initializations. */
  count: number
  readonly truth: Truth
  /** undefined: none of its machines has a part in Kubernetes. */
  readonly kubernetes?: Kubernetes | undefined
  /**
   * A member that the others expect at another address participates nevertheless; etcd does so without guaranteeing it.
   */
  readonly dialsOut: boolean
  /** Is called for every event, and may cause another one. */
  readonly watch: Watch
  /** Requests that were already rendered: they are costly, and every observation needs them. */
  readonly requests: WeakMap<Cluster, Map<string, string>>
}

export interface Watch {
  /** This machine was observed, and the next one was not. */
  looked?: ((host: string) => void) | undefined
  /** A run is about to start this machine's member. */
  starts?: ((host: string) => void) | undefined
}

/** What really happened, for the judgment; planners don't see it. */
export interface Truth {
  /** IDs of clusters that once had a quorum. */
  readonly served: Set<string>
  /** IDs of clusters that were verified. */
  readonly verified: Set<string>
  /** Hosts with a member of a cluster that has a cluster ID file. */
  readonly belongs: Map<string, string>
  /** Hosts that changed during a run, perhaps after its observation: then only etcd and its unit can refuse. */
  readonly unseen: Set<string>
  /**
   * Something was lost or changed by hand that no tool can repair without being asked: then a refusal is a correct
   * answer.
   */
  excuse: string | undefined
  /** At some time, no machine in the file knew the cluster any more: a second one could not be prevented. */
  forgotten: boolean
  /** Hosts whose member lost its data in an established cluster: `replace` recreates it. */
  readonly lost: Set<string>
  /**
   * Something happened after the last observation: the planner is not responsible for what a stage does then. `partly`:
   * except that it observed again whether all members are there.
   */
  blind: 'wholly' | 'partly' | undefined
  /** Names of members that were observed to be healthy before the present stage; undefined: no stage runs. */
  seenWell: ReadonlySet<string> | undefined
  /** ID of the leader at the start of the present run. */
  led: string | undefined
  /** Something happened during an observation, which saw some machines before it and some after it. */
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
      seenWell: undefined,
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

/** Some machine in the file still knows that there was a cluster. */
export function isRemembered(world: World, cluster: Cluster): boolean {
  return cluster.nodes.some((node) => isMarked(diskOf(world, node.name)))
}

/** The cluster of these machines, if it ever had a cluster ID file. */
export function raftOf(world: World): Raft | undefined {
  const ids = new Set(world.truth.belongs.values())
  return [...ids].map((id) => world.rafts.get(id)).find((raft) => raft !== undefined)
}

/**
 * No machine in the file has data of a cluster that never had a cluster ID file: then a new one begins. No run
 * ever reported that the first one serves.
 */
export function noteForgotten(world: World, cluster: Cluster): void {
  const known = cluster.nodes.some(({ name }) => {
    const { data, wal } = diskOf(world, name)
    return data !== undefined || wal !== undefined
  })
  if (raftOf(world) === undefined && !known) world.truth.forgotten = true
}

/**
 * Two clusters with data that both served: clients of the first would not find their writes in the second. Machines
 * that the file no longer names are out of view.
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
