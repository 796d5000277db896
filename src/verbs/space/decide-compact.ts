/** Decides how far the history is compacted, and when it must not be. A pure function of the members' state. */
import { counted } from '../../spec/units.ts'
import type { Next } from '../../engine/step.ts'
import type { Standing } from '../../tiers/etcd/facts/standing.ts'
import { noQuorum } from '../../tiers/etcd/plan/remedy.ts'
import { type MaintenancePlan, refusal } from '../../tiers/etcd/steps/maintenance.ts'
import { type SpaceFacts, type SpaceStep, turnOf } from '../../tiers/etcd/steps/space.ts'

/** @param revision the history before it is removed */
export function decideCompact(revision: number, { standing, progress }: SpaceFacts): Next<SpaceStep> {
  return turnOf(planCompact(revision, progress.compacted, standing))
}

/** @param gone it was already compacted that far */
export function planCompact(revision: number, gone: boolean, standing: Standing): MaintenancePlan<SpaceStep> {
  const { revision: newest } = standing
  const missing = noQuorum(standing)
  if (missing.length > 0) return refusal(missing)
  if (revision > newest) {
    const message = `revision ${revision} does not exist yet: the newest is ${newest}`
    return refusal([{ message, hint: 'keep some history: quorate compact --keep 1000' }])
  }
  if (gone) return refusal([])
  const step: SpaceStep = {
    kind: 'compact',
    revision,
    what: `compact the history before revision ${revision}`,
    why: `the newest revision is ${newest}`,
    danger: 'none',
  }
  const left = newest - revision
  return {
    steps: [step],
    blocked: [],
    risks: [
      `The history before revision ${revision} is deleted permanently. Present keys and values stay, and the last ${counted(left, 'revision')} can still be read.`,
      'A watcher or a paged read that is further behind gets an error and must start again: API servers then list everything again.',
      'Database files do not shrink: etcd reuses the space, or quorate defrag returns it to the file system.',
    ],
  }
}
