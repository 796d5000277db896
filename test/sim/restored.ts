/** The effects of a restore on a simulated machine: data next to the present data, then both are swapped. */
import { peerUrl as peerUrlOf } from '../../src/etcd/configuration.ts'
import { PATHS } from '../../src/host/state.ts'
import { type Cluster, etcdNodes } from '../../src/spec/cluster.ts'
import type { SimulatedMachine } from '../../src/tiers/etcd/steps/simulated.ts'
import { restoredClusterId } from '../../src/verbs/restore/decide-next.ts'
import type { Disk } from './disk.ts'
import { Failure } from './failure.ts'
import { idOf, newRaft } from './raft.ts'
import { type World, fresh } from './world.ts'

type Restoring = Pick<
  SimulatedMachine,
  | 'dropRestored'
  | 'makeRestored'
  | 'noteRestored'
  | 'pinRestored'
  | 'noteFormer'
  | 'makeWay'
  | 'exchange'
  | 'keepAway'
  | 'letIn'
>

export function restoring(world: World, cluster: Cluster, disk: Disk): Restoring {
  const { dataDirectory, walDirectory } = cluster.etcd
  return {
    dropRestored: () => {
      disk.staged = undefined
      disk.restore = undefined
    },
    makeRestored: (restore, peerUrl) => {
      if (disk.full) throw new Failure('No space left on device')
      const clusterId = restoredClusterId({ cluster, restore })
      const peers = etcdNodes(cluster).map((node) => `${node.name}=${peerUrlOf(cluster, node)}`)
      if (!world.rafts.has(clusterId)) world.rafts.set(clusterId, newRaft(clusterId, peers.toSorted()))
      disk.staged = { clusterId, memberId: idOf(clusterId, peerUrl), beginning: fresh(world) }
    },
    noteRestored: (restore, reached) => {
      disk.restore = { ...restore, reached, moved: [] }
      if (reached === 'staged' || disk.staged === undefined) return
      world.truth.belongs.set(disk.node.name, disk.staged.clusterId)
      world.truth.lost.delete(disk.node.name)
      disk.staged = undefined
    },
    pinRestored: (content) => {
      disk.files.set(PATHS.clusterId, content)
      disk.paths.set(PATHS.clusterId, { type: 'file', owner: 'root', group: 'root', mode: '644' })
    },
    noteFormer: (id) => (disk.formerIds = [...(disk.formerIds ?? []), ...(id === undefined ? [] : [id])]),
    makeWay: (part) => {
      if (disk.process !== undefined) throw new Failure("etcd runs: its data can't be replaced while it runs")
      if (disk.staged === undefined) throw new Failure('the unpacked data is missing')
      const data = disk[part]
      if (data === undefined || data === disk.staged) return
      disk.aside.push(data)
      disk[part] = undefined
    },
    exchange: (part) => {
      disk[part] = disk.staged
      disk.format = undefined
      const own = { type: 'directory', owner: 'etcd', group: 'etcd', mode: '700' } as const
      disk.paths.set(part === 'data' ? dataDirectory : walDirectory, own)
    },
    keepAway: (command, all) => (disk.underway = { verb: 'restore', command, all }),
    letIn: () => (disk.underway = undefined),
  }
}
