/** The changes of one simulated machine that only a recovery makes. */
import { peerUrl } from '../../../../src/etcd/configuration.ts'
import type { MemberLog } from '../../../../src/host/member-log.ts'
import { PATHS } from '../../../../src/host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../../../src/spec/cluster.ts'
import { etcdNameOf } from '../../../../src/spec/etcd-name.ts'
import { memberFiles } from '../../../../src/tiers/etcd/plan/member-files.ts'
import { renderPin } from '../../../../src/tiers/etcd/facts/pin.ts'
import { demandOf } from '../../../../src/tiers/etcd/plan/peer-identity.ts'
import type { SimulatedRecovery } from '../../../../src/tiers/etcd/steps/simulated.ts'
import { requireKeptLog } from '../../../../src/verbs/recover/kept-log.ts'
import { type RecoveryProgress, renderProgress } from '../../../../src/verbs/recover/progress.ts'
import { Failure } from '../../failure.ts'
import { lookAt } from '../../look.ts'
import { simulatedMachine } from '../../machine.ts'
import { idOf, newRaft } from '../../raft.ts'
import { diskOf, fresh } from '../../world.ts'
import { type Log, logOf, madeOf } from './logs.ts'
import { type RecoveryWorld, memberLog } from './world.ts'

/** The progress of a run, as recorded in markers. */
export interface Progressing {
  progress: RecoveryProgress
  /** The part of a log that the copy applies: all of it. */
  readonly copied: (log: Log) => Log
  /** The surviving member's log when the run decided. */
  readonly decided: MemberLog | undefined
}

export function recoveredMachine(rw: RecoveryWorld, host: string, at: Progressing): SimulatedRecovery {
  const { vw, logs, copies, halted } = rw
  const { world } = vw
  const disk = diskOf(world, host)
  const beside = copies.get(host) ?? {}
  copies.set(host, beside)
  const requireRest = () => {
    if (disk.process !== undefined)
      throw new Failure("etcd.service runs: its data can't be replaced while it runs")
  }
  const machine = simulatedMachine(world, vw.cluster, host, undefined)
  /** Renamed, to be put back if the recovery is abandoned. If the step is repeated, nothing is left to be renamed. */
  const keep = (part: 'data' | 'wal') => {
    const environment = beside.kept?.environment ?? disk.files.get(PATHS.environment)
    beside.kept = { ...beside.kept, environment, [part]: disk[part] ?? beside.kept?.[part] }
  }
  return {
    reload: () => machine.reload(),
    enable: () => machine.enable(),
    disable: () => machine.disable(),
    start: () => machine.start(),
    stop: () => machine.stop(),
    mark: (reached) => {
      if (reached !== undefined) at.progress = { ...at.progress, reached }
      disk.underway = markOf(at.progress)
    },
    unmark: () => (disk.underway = undefined),
    haltClients: () => halted.add(host),
    resumeClients: () => halted.delete(host),
    dropCopies: () => Object.assign(beside, { copy: undefined, data: undefined, wal: undefined }),
    copyData: () => {
      requireRest()
      if (disk.wal === undefined || disk.data === undefined) throw new Failure('there is no data to copy')
      if (disk.full) throw new Failure('No space left on device')
      requireKeptLog(host, at.decided, memberLog(rw, disk.wal))
      beside.copy = disk.wal
    },
    makeCluster: () => {
      const peer = `${etcdNameOf(disk.node)}=${peerUrl(vw.cluster, disk.node)}`
      const clusterId = idOf(at.progress.token, peer)
      const raft = world.rafts.get(clusterId) ?? newRaft(clusterId, [peer])
      world.rafts.set(clusterId, raft)
      const [member] = raft.members
      if (member === undefined) throw new TypeError('a cluster of nobody')
      const made = { clusterId, memberId: member.id, beginning: fresh(world) }
      logs.of.set(made.beginning, madeOf(at.copied(logOf(logs, beside.copy)), at.progress.bump))
      Object.assign(beside, { copy: undefined, data: made, wal: made })
      const revision = logOf(logs, made).before.length
      at.progress = { ...at.progress, made: { clusterId, revision, keys: undefined, hash: undefined } }
    },
    noteFormer: () => {
      const { former } = at.progress
      disk.formerIds = [...(disk.formerIds ?? []), ...(former === undefined ? [] : [former])]
    },
    makeWay: (part) => {
      requireRest()
      const data = disk[part]
      if (beside[part] === undefined || data === undefined) return
      keep(part)
      disk.aside.push(data)
      disk[part] = undefined
    },
    exchange: (part) => {
      if (beside[part] === undefined) return
      disk[part] = beside[part]
      beside[part] = undefined
      disk.format = undefined
      // No quorum is left of the old cluster: no one relies on its members' votes.
      for (const id of new Set(world.truth.belongs.values())) world.truth.served.delete(id)
      world.truth.belongs.clear()
      world.truth.lost.clear()
      if (disk[part] !== undefined) world.truth.belongs.set(host, disk[part].clusterId)
    },
    writeAlone: (path) => {
      const { made, token } = at.progress
      if (made === undefined) throw new TypeError('nothing was made')
      const node = { ...disk.node, demands: demandOf(lookAt(world, disk.node).member) }
      const situation = { kind: 'established', token, clusterId: made.clusterId, settled: true } as const
      const files = memberFiles(alone(vw.cluster, disk.node), node, situation, undefined)
      const file = files.find((one) => one.path === path)
      if (file === undefined) throw new TypeError(`a member has no ${path}`)
      // Its cluster ID file names the new cluster, and its start then confirms it.
      world.truth.verified.add(made.clusterId)
      const { content, owner, group, mode } = file
      machine.writeFile(path, content, { owner, group, mode })
    },
    requireMade: () => {
      const { process } = disk
      if (process?.ready !== true) throw new Failure('etcd.service did not start')
      if (process.data.clusterId !== at.progress.made?.clusterId)
        throw new Failure('new cluster differs from the copy')
    },
    moveAside: (part) => {
      const { walDirectory, dataDirectory } = vw.cluster.etcd
      const pin = disk.files.get(PATHS.clusterId)
      if (part !== 'pin') keep(part)
      else if (pin !== undefined) beside.kept = { ...beside.kept, pin }
      machine.moveAside({ wal: walDirectory, data: dataDirectory, pin: PATHS.clusterId }[part])
    },
    restIfMoved: () => {
      if (beside.kept === undefined) return
      machine.disable()
      machine.stop()
    },
    putBack: (part) => {
      if (part === 'pin') putBackPin(rw, host, at.progress)
      else putBackData(rw, host, part)
    },
    // The progress of the run stays: other nodes put back what was renamed until then.
    markPutBack: () => {
      if (host === at.progress.survivor) disk.underway = markOf({ ...at.progress, reached: 'fenced' })
    },
  }
}

function putBackData(rw: RecoveryWorld, host: string, part: 'data' | 'wal'): void {
  const { vw, copies, logs } = rw
  const { world, cluster } = vw
  const disk = diskOf(world, host)
  const beside = copies.get(host) ?? {}
  const kept = beside.kept?.[part]
  if (kept === undefined) return
  if (disk.process !== undefined)
    throw new Failure("etcd.service runs: its data can't be replaced while it runs")
  const since = disk[part]
  if (since !== undefined) disk.aside.push(since)
  disk[part] = kept
  const path = part === 'data' ? cluster.etcd.dataDirectory : cluster.etcd.walDirectory
  disk.paths.set(path, { type: 'directory', owner: 'etcd', group: 'etcd', mode: '700' })
  disk.format = undefined
  disk.aside.splice(disk.aside.indexOf(kept), 1)
  beside.kept = { ...beside.kept, [part]: undefined }
  // The new data is discarded, with everything that it served: an early client may see its revisions again.
  logs.revision = rw.hadRevision
  for (const id of new Set(world.truth.belongs.values()))
    if (id !== kept.clusterId) world.truth.served.delete(id)
  world.truth.belongs.set(host, kept.clusterId)
}

/** The surviving member's file was overwritten, not renamed. */
function putBackPin(
  { vw: { world, cluster }, copies }: RecoveryWorld,
  host: string,
  { survivor, reached, former }: RecoveryProgress,
): void {
  const { files } = diskOf(world, host)
  const beside = copies.get(host) ?? {}
  const own = former === undefined ? undefined : renderPin({ cluster: cluster.name, clusterId: former })
  const overwritten = host === survivor && reached !== 'fenced' && reached !== 'copied'
  const pin = overwritten ? own : beside.kept?.pin
  const environment = beside.kept?.environment
  if (environment !== undefined) files.set(PATHS.environment, environment)
  beside.kept = undefined
  if (pin !== undefined) files.set(PATHS.clusterId, pin)
  else if (overwritten) files.delete(PATHS.clusterId)
}

/** As machines report it. */
function markOf(progress: RecoveryProgress) {
  const lines = renderProgress(progress).trimEnd().split('\n')
  const all: Readonly<Record<string, string>> = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  return { verb: all['verb'] ?? '', command: all['command'] ?? '', all }
}

function alone(cluster: Cluster, { name }: Node): Cluster {
  const members = etcdNodes(cluster).map((node) => node.name)
  return {
    ...cluster,
    nodes: cluster.nodes.filter((node) => node.name === name || !members.includes(node.name)),
  }
}
