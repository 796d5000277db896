/** The members' answers, and what quorate concludes from them. */
import { namedByNodes } from '../../src/etcd/member-names.ts'
import type { ClusterView, MemberView, ReachableMember } from '../../src/etcd/view.ts'
import type { ClusterFacts } from '../../src/tiers/etcd/facts/observed.ts'
import { rosterOf } from '../../src/tiers/etcd/facts/membership-map.ts'
import { judgeFacts, listedMembers } from '../../src/tiers/etcd/facts/judge-facts.ts'
import type { Cluster, Node } from '../../src/spec/cluster.ts'
import { tellsMinors } from './minors.ts'
import { type Raft, type RaftMember, type Running, hasQuorum, hostOf, isRunning, serving } from './raft.ts'
import { type World, diskOf } from './world.ts'

/** How many entries a slow member still has to apply. */
const FAR_BEHIND = 5_000n

const INDEX = 10_000n

const SILENT = { kind: 'deadline', message: 'no answer in time', hint: undefined } as const

/** Like tiers/etcd/facts/facts.ts: the file's nodes first, then members that only the cluster itself names. */
export function clusterFacts(
  world: World,
  cluster: Cluster,
  running: readonly Node[],
  verified: boolean,
): ClusterFacts | undefined {
  const own: ClusterView = { members: running.map(({ name }) => memberView(world, cluster, name)) }
  // They are dialed from nodes of the file: what blocks their peers blocks quorate, too.
  const others = rosterOf(cluster, listedMembers(own), 0)
    .others.filter(({ clientUrls }) => clientUrls.length > 0)
    .map(({ name }) =>
      diskOf(world, hostOf(name)).cut === undefined ? memberView(world, cluster, name) : unreachable(name),
    )
  return judgeFacts(cluster, { own, others: { members: others }, verified })
}

/** @param name the node's name, or the name of a listed member without a node */
export function memberView(world: World, cluster: Cluster, name: string): MemberView {
  const disk = diskOf(world, hostOf(name))
  const raft = world.rafts.get(disk.process?.data.clusterId ?? '')
  if (!isRunning(disk) || raft === undefined || !disk.process.ready) return unreachable(name)
  if (disk.paused || disk.unreachable || disk.silent) return unreachable(name)
  return { ...reachable(world, cluster, raft, disk), name }
}

function unreachable(name: string): MemberView {
  return { reachable: false, name, reason: SILENT }
}

function reachable(world: World, cluster: Cluster, raft: Raft, disk: Running): ReachableMember {
  const { data, known, version } = disk.process
  const takesPart = hasQuorum(world, raft) && serving(world, raft).some(([, other]) => other === disk)
  const learner = known.find(({ id }) => id === data.memberId)?.learner ?? false
  // Heartbeats still reach a member whose own answers are lost.
  const leader = takesPart || disk.cut === 'out' ? raft.leader : undefined
  return {
    reachable: true,
    name: disk.node.name,
    clusterId: BigInt(`0x${raft.id}`),
    memberId: BigInt(`0x${data.memberId}`),
    leaderId: leader === undefined ? undefined : BigInt(`0x${leader}`),
    learner,
    version,
    storageVersion: tellsMinors(version) ? disk.format : undefined,
    downgradeTarget: tellsMinors(version) ? raft.downgrade : undefined,
    dbSizeBytes: 20480,
    dbSizeInUseBytes: 20480,
    raftTerm: 2n,
    raftIndex: INDEX,
    raftAppliedIndex: disk.slow ? INDEX - FAR_BEHIND : INDEX,
    errors: [],
    read: takesPart && !learner ? { answered: true, revision: 1n } : { answered: false, reason: SILENT },
    alarms: [...raft.alarms].map((type) => ({ memberId: BigInt(`0x${data.memberId}`), type })),
    list: { linearizable: takesPart, members: namedByNodes(cluster, known.map(listed)) },
  }
}

function listed({ id, etcdName, peerUrl, started, learner }: RaftMember) {
  const clientUrls = started ? [peerUrl.replace(/2380$/, '2379')] : []
  return { id: BigInt(`0x${id}`), name: etcdName, peerUrls: [peerUrl], clientUrls, learner }
}
