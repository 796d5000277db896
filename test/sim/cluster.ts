/** Changes of the cluster as a whole: through etcd, with etcd's own refusals. */
import type { Observed } from '../../src/tiers/etcd/facts/observed.ts'
import { quorum } from '../../src/tiers/etcd/facts/quorum.ts'
import type { SimulatedCluster } from '../../src/tiers/etcd/steps/simulated.ts'
import { type Cluster, etcdNodes } from '../../src/spec/cluster.ts'
import { Failure } from './failure.ts'
import { settle } from './etcd.ts'
import { requireEqual } from './damage.ts'
import { withoutLoss } from './harm.ts'
import { simulatedKubernetes } from './kubernetes/api.ts'
import { observe } from './look.ts'
import { enableDowngrade, requireConverted } from './minors.ts'
import {
  type Raft,
  type RaftMember,
  changeMember,
  elect,
  hasQuorum,
  idOf,
  serving,
  votersOf,
} from './raft.ts'
import { Violation } from './violation.ts'
import { type World, fresh } from './world.ts'

/** @param seen the cluster when the stage was planned */
export function simulatedCluster(world: World, cluster: Cluster, seen: Observed): SimulatedCluster {
  const there = () => new Set(serving(world, asked(world, seen)).map(([{ name }]) => name))
  const requireNoAlarm = () => {
    if (asked(world, seen).alarms.size > 0) throw new Failure('etcdserver: there is an alarm')
  }
  const changing = (what: string, change: (raft: Raft) => void, { mayLose = true } = {}) => {
    const raft = asked(world, seen)
    // The members learn of it, even if it removes the majority.
    const before = serving(world, raft)
    withoutLoss(world, mayLose, what, () => change(raft))
    for (const [, { process }] of before) process.known = raft.members
    elect(world, raft)
    settle(world, cluster)
  }
  return {
    makeAuthority: () => (world.ca ??= `CA ${fresh(world)}`),
    requireHealthy: () => {
      const facts = observe(world, cluster).cluster
      const behind = Object.entries(facts?.lag ?? {}).filter(([, lag]) => lag > 100)
      const problems = [...(facts?.problems ?? ['no member answers']), ...behind.map(([name]) => name)]
      if (problems.length > 0) throw new Failure(`the cluster did not become healthy: ${problems.join('; ')}`)
    },
    verify: () => {
      const facts = observe(world, cluster).cluster
      if (facts === undefined || facts.healthy.length < etcdNodes(cluster).length)
        throw new Failure('a write was not read back from every member')
      requireNoAlarm()
      world.truth.verified.add(facts.id)
    },
    watch: (nodes) => {
      const ill = nodes.filter((name) => !there().has(name))
      if (ill.length > 0) throw new Failure(`${ill.join(', ')} does not do its work with the new version`)
    },
    compare: () => {
      const silent = (seen.cluster?.healthy ?? []).filter((name) => !there().has(name))
      if (silent.length > 0) throw new Failure(`${silent.join(', ')} gives no hash`)
      requireEqual(world, asked(world, seen))
    },
    enableDowngrade: (target) => enableDowngrade(world, asked(world, seen), target),
    requireConverted: (target) => requireConverted(world, asked(world, seen), target),
    cancelDowngrade: () => (asked(world, seen).downgrade = undefined),
    moveLeadership: (from, to) => {
      const raft = asked(world, seen)
      const heirs = serving(world, raft).filter(([{ name, learner }]) => name !== from && !learner)
      const heir = heirs.find(([{ name }]) => name === (to ?? name))?.[0]
      if (heir === undefined) throw new Failure(`${to ?? 'no other member'} can't lead`)
      raft.leader = heir.id
    },
    addMember: (node, peerUrl, learner, members) =>
      changing(`adding ${node}`, (raft) => add(world, raft, { node, peerUrl, learner, members })),
    promoteMember: (id) => changing(`promoting ${id}`, (raft) => promote(world, raft, id)),
    removeMember: (id) => changing(`removing ${id}`, (raft) => remove(world, raft, id), { mayLose: false }),
    updateMember: (id, peerUrl) =>
      changing(`updating ${id}`, (raft) => {
        if (!raft.members.some((member) => member.id === id))
          throw new Failure('etcdserver: member not found')
        changeMember(raft, id, { peerUrl })
      }),
    storeNetwork: (text) => {
      requireNoAlarm()
      world.network = text
    },
    kubernetes: simulatedKubernetes(world, cluster),
  }
}

/** The observed cluster, if the members that answered then can still change anything. */
function asked(world: World, seen: Observed): Raft {
  const raft = world.rafts.get(seen.cluster?.id ?? '')
  if (raft === undefined || !hasQuorum(world, raft)) throw new Failure('etcdserver: no leader')
  return raft
}

function promote(world: World, raft: Raft, memberId: string): void {
  const learner = raft.members.find(({ id }) => id === memberId)
  if (learner === undefined) throw new Failure('the member is not in the cluster any more')
  const disk = serving(world, raft).find(([{ id }]) => id === learner.id)?.[1]
  if (disk === undefined || disk.slow) throw new Failure('etcdserver: can only promote a learner in sync')
  changeMember(raft, learner.id, { learner: false })
}

interface Newcomer {
  readonly node: string
  readonly peerUrl: string
  readonly learner: boolean
  readonly members: readonly string[]
}

function add(world: World, raft: Raft, { node, peerUrl, learner, members }: Newcomer): void {
  if (raft.members.some((member) => member.peerUrl === peerUrl)) return
  const ids = raft.members.map(({ id }) => id)
  if (ids.toSorted().join() !== members.toSorted().join()) {
    throw new Failure('there are other members than were seen')
  }
  const pending = raft.members.find((member) => !member.started || member.learner)
  if (pending !== undefined) {
    throw new Violation('one-change', `${node} is added while ${pending.name || 'another'} is on its way`)
  }
  // strict-reconfig-check requires connections to all voting members.
  const connected = serving(world, raft).filter(([member]) => !member.learner).length
  if (connected < votersOf(raft).length) throw new Failure('etcdserver: unhealthy cluster')
  const id = idOf(raft.id, peerUrl, String(fresh(world)))
  const newcomer: RaftMember = { id, name: '', etcdName: '', peerUrl, started: false, learner }
  raft.members = [...raft.members, newcomer]
}

function remove(world: World, raft: Raft, memberId: string): void {
  const member = raft.members.find(({ id }) => id === memberId)
  if (member === undefined) return
  const able = serving(world, raft).filter(([{ learner }]) => !learner)
  const rest = able.filter(([{ id }]) => id !== memberId).length
  const voters = votersOf(raft).length - (member.learner ? 0 : 1)
  if (voters === 0 || (!member.learner && rest < able.length && rest < quorum(voters))) {
    throw new Failure('etcdserver: re-configuration failed due to not enough started members')
  }
  raft.members = raft.members.filter(({ id }) => id !== memberId)
  // Its lost data no longer matters.
  world.truth.lost.delete(member.name)
}
