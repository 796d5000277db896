/** How damage is repaired at the end of a life: with `repair`, as long as there are enough good members. */
import { etcdNodes } from '../../../src/spec/cluster.ts'
import { quorum } from '../../../src/tiers/etcd/facts/quorum.ts'
import { isGood } from '../damage.ts'
import { serving, votersOf } from '../raft.ts'
import { diskOf } from '../world.ts'
import type { Outcome } from './run.ts'
import { VerbViolation } from './violation.ts'
import { type VerbWorld, answering, raftIn } from './world.ts'

/** One after the other, repeatedly: whatever one repair requires first is done first. @throws VerbViolation */
export async function finishRepairs(
  vw: VerbWorld,
  repair: (name: string) => Promise<Outcome>,
): Promise<void> {
  const nodes = etcdNodes(vw.cluster).map(({ name }) => name)
  for (let count = 0; ; count += 1) {
    const raft = raftIn(vw)
    if (raft === undefined) return
    const good = serving(vw.world, raft).filter(([member, disk]) => !member.learner && isGood(disk))
    if (good.length < quorum(votersOf(raft).length)) return
    const ill = illIn(vw)
    // Two that can't return are removed with one command, and join again: etcd adds no member while a voting member is
    // down.
    if (ill.filter((name) => diskOf(vw.world, name).process?.ready !== true).length > 1) return
    const ends: Outcome[] = []
    // An old alarm is disarmed if all members are healthy.
    const corrupt = raft.alarms.has('CORRUPT') ? answering(vw).slice(0, 1) : []
    for (const name of ill.length > 0 ? ill : corrupt) ends.push(await repair(name))
    if (ends.every(({ kind }) => kind === 'done')) return
    if (count === nodes.length) throw new VerbViolation('finishes', JSON.stringify(ends))
  }
}

/** Names of members that are damaged, or partly recreated. */
export function illIn(vw: VerbWorld): readonly string[] {
  const raft = raftIn(vw)
  return etcdNodes(vw.cluster)
    .map(({ name }) => name)
    .filter((name) => {
      const member = raft?.members.find((one) => one.name === name)
      return member === undefined || member.learner || !isGood(diskOf(vw.world, name))
    })
}
