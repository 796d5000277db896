/** What is done to a cluster as a whole: through etcd, with etcd's own refusals. */
import type { Observed } from '../../src/tiers/etcd/facts/observed.ts'
import { quorum } from '../../src/tiers/etcd/facts/quorum.ts'
import type { ClusterStep, MembershipStep } from '../../src/tiers/etcd/steps/steps.ts'
import { renderConfig } from '../../src/tiers/flannel/config.ts'
import { type Cluster, etcdNodes } from '../../src/spec/cluster.ts'
import { Failure } from './failure.ts'
import { settle } from './etcd.ts'
import { withoutLoss } from './harm.ts'
import { observe } from './look.ts'
import { runDowngradeStep } from './minors.ts'
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

export function runClusterStep(world: World, cluster: Cluster, step: ClusterStep, seen: Observed): void {
  settle(world, cluster)
  switch (step.kind) {
    case 'canary': {
      const there = new Set(serving(world, asked(world, seen)).map(([{ name }]) => name))
      const ill = step.nodes.filter((name) => !there.has(name))
      if (ill.length > 0) throw new Failure(`${ill.join(', ')} does not do its work with the new version`)
      return
    }
    case 'authority':
      world.ca ??= `CA ${fresh(world)}`
      return
    case 'await-health': {
      const facts = observe(world, cluster).cluster
      const behind = Object.entries(facts?.lag ?? {}).filter(([, lag]) => lag > 100)
      const problems = [...(facts?.problems ?? ['no member answers']), ...behind.map(([name]) => name)]
      if (problems.length > 0) throw new Failure(`the cluster did not become healthy: ${problems.join('; ')}`)
      return
    }
    case 'verify': {
      const facts = observe(world, cluster).cluster
      if (facts === undefined || facts.healthy.length < etcdNodes(cluster).length) {
        throw new Failure('a write was not read back from every member')
      }
      if (asked(world, seen).alarms.size > 0) throw new Failure('etcdserver: there is an alarm')
      world.truth.verified.add(facts.id)
      return
    }
    case 'network':
      if (asked(world, seen).alarms.size > 0) throw new Failure('etcdserver: there is an alarm')
      world.network = renderConfig(step.network.config)
      return
    case 'compare': {
      const there = new Set(serving(world, asked(world, seen)).map(([{ name }]) => name))
      const silent = (seen.cluster?.healthy ?? []).filter((name) => !there.has(name))
      if (silent.length > 0) throw new Failure(`${silent.join(', ')} gives no hash`)
      return
    }
    case 'downgrade-enable':
    case 'downgrade-await':
    case 'downgrade-cancel':
      return runDowngradeStep(world, asked(world, seen), step)
    case 'move-leader': {
      const raft = asked(world, seen)
      const heirs = serving(world, raft).filter(([{ name, learner }]) => name !== step.from && !learner)
      const heir = heirs.find(([{ name }]) => name === (step.to ?? name))?.[0]
      if (heir === undefined) throw new Failure(`${step.to ?? 'no other member'} can't lead`)
      raft.leader = heir.id
      return
    }
    case 'member-add':
    case 'promote':
    case 'member-remove':
    case 'member-update': {
      const raft = asked(world, seen)
      // They hear of it, even if it takes the majority away.
      const there = serving(world, raft)
      withoutLoss(world, step.kind !== 'member-remove', step.what, () => change(world, raft, step))
      for (const [, { process }] of there) process.known = raft.members
      elect(world, raft)
      settle(world, cluster)
    }
  }
}

/** The cluster that was seen, if those who answered then can still change anything. */
function asked(world: World, seen: Observed): Raft {
  const raft = world.rafts.get(seen.cluster?.id ?? '')
  if (raft === undefined || !hasQuorum(world, raft)) throw new Failure('etcdserver: no leader')
  return raft
}

function change(world: World, raft: Raft, step: MembershipStep): void {
  switch (step.kind) {
    case 'member-add':
      return add(world, raft, step)
    case 'promote': {
      const learner = raft.members.find(({ id }) => id === step.memberId)
      if (learner === undefined) throw new Failure('the member is not in the cluster any more')
      const disk = serving(world, raft).find(([{ id }]) => id === learner.id)?.[1]
      if (disk === undefined || disk.slow) throw new Failure('etcdserver: can only promote a learner in sync')
      return changeMember(raft, learner.id, { learner: false })
    }
    case 'member-remove':
      return remove(world, raft, step.memberId)
    case 'member-update': {
      const [peerUrl = ''] = step.peerUrls
      if (!raft.members.some(({ id }) => id === step.memberId))
        throw new Failure('etcdserver: member not found')
      return changeMember(raft, step.memberId, { peerUrl })
    }
  }
}

function add(world: World, raft: Raft, step: Extract<MembershipStep, { kind: 'member-add' }>): void {
  const [peerUrl = ''] = step.peerUrls
  if (raft.members.some((member) => member.peerUrl === peerUrl)) return
  const ids = raft.members.map(({ id }) => id)
  if (ids.toSorted().join() !== [...step.members].toSorted().join()) {
    throw new Failure('there are other members than were seen')
  }
  const pending = raft.members.find(({ started, learner }) => !started || learner)
  if (pending !== undefined) {
    throw new Violation(
      'one-change',
      `${step.node} is added while ${pending.name || 'another'} is on its way`,
    )
  }
  // strict-reconfig-check wants connections to all voters.
  const connected = serving(world, raft).filter(([{ learner }]) => !learner).length
  if (connected < votersOf(raft).length) throw new Failure('etcdserver: unhealthy cluster')
  const id = idOf(raft.id, peerUrl, String(fresh(world)))
  const newcomer: RaftMember = { id, name: '', etcdName: '', peerUrl, started: false, learner: step.learner }
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
  // Whatever it lost is no longer missed.
  world.truth.lost.delete(member.name)
}
