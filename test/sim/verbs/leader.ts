/** `move-leader` on simulated members, with etcd's own refusals. */
import { type LeadershipStatus, fitTarget, presentLeader } from '../../../src/etcd/leader-target.ts'
import { etcdNodes } from '../../../src/spec/cluster.ts'
import { type Move, chooseLeader } from '../../../src/verbs/power/choose-leader.ts'
import { Failure } from '../failure.ts'
import { hasQuorum, serving } from '../raft.ts'
import { diskOf } from '../world.ts'
import type { SimVerb } from './run.ts'
import { VerbViolation } from './violation.ts'
import { type VerbWorld, isReached, lookAtHosts, raftIn, viewOf } from './world.ts'

/** The deciders; deliberately faulty planners replace them. */
export interface LeaderDeciders {
  readonly choose: typeof chooseLeader
  readonly fit: typeof fitTarget
}

export const LEADER: LeaderDeciders = { choose: chooseLeader, fit: fitTarget }

/** @param to undefined: the healthiest follower */
export function moveLeaderVerb(
  vw: VerbWorld,
  to: string | undefined,
  { choose, fit }: LeaderDeciders = LEADER,
): SimVerb<Move> {
  const { cluster } = vw
  let shown: Move | undefined
  return {
    decide: () => {
      lookAtHosts(vw, etcdNodes(cluster))
      const move = choose(cluster, viewOf(vw), to ?? shown?.to)
      const leads = shown === undefined && move.from === move.to
      shown ??= move
      return leads ? undefined : move
    },
    same: (before, now) => before.to === now.to,
    essence: (move) => move.to,
    scope: () => etcdNodes(cluster).filter(({ name }) => isReached(vw, name)),
    carryOut: async (run, move) =>
      await run.do(`move leadership to ${move.to}`, () => {
        const statuses = statusesOf(vw)
        const leader = presentLeader(statuses)
        if (leader.client.name === move.to) return
        const target = fit(statuses, leader, move.to)
        transfer(vw, leader.client.name, target)
      }),
    checkDone: ({ to: asked }) => {
      const raft = raftIn(vw)
      const leader = raft?.members.find(({ id }) => id === raft.leader)?.name
      if (raft !== undefined && hasQuorum(vw.world, raft) && leader !== asked)
        throw new VerbViolation('done-is-done', `move-leader: ${leader} leads, not ${asked}`)
    },
  }
}

function statusesOf(vw: VerbWorld): LeadershipStatus<{ readonly name: string }>[] {
  return viewOf(vw).members.flatMap((member) => {
    if (!member.reachable) return []
    const { name, memberId, leaderId, learner, raftTerm, raftAppliedIndex } = member
    return [{ client: { name }, memberId, leaderId, learner, raftTerm, index: raftAppliedIndex ?? 0n }]
  })
}

/** As in etcd: if the target can't take over, the leader stays. */
function transfer(
  vw: VerbWorld,
  from: string,
  { client: { name } }: LeadershipStatus<{ name: string }>,
): void {
  const { world } = vw
  const raft = raftIn(vw)
  const member = raft?.members.find((one) => one.name === name)
  if (raft === undefined || !hasQuorum(world, raft)) throw new Failure('etcdserver: no leader')
  if (member === undefined || member.learner || diskOf(world, name).slow)
    throw new VerbViolation('fit-to-lead', `${name} after ${from}`)
  if (serving(world, raft).every(([{ id }]) => id !== member.id)) {
    // Already disconnected at the observation.
    if (!vw.blind && !world.truth.skewed) throw new VerbViolation('fit-to-lead', `${name} is cut off`)
    throw new Failure('etcdserver: request timed out, leader transfer took too long')
  }
  raft.leader = member.id
}
