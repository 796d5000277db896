/** `quorate compact`: removes old revisions of all keys. */
import { QuorateError } from '../../errors.ts'
import { compact, isCompacted } from '../../etcd/upkeep.ts'
import type { ClusterCondition } from '../../tiers/etcd/facts/condition.ts'
import { type MaintenancePlan, type MaintenanceStep, refusal } from '../../tiers/etcd/steps/maintenance.ts'
import { noQuorum } from '../../tiers/etcd/plan/remedy.ts'
import { timed } from '../../engine/timed.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { healthyClients, lookAtMembers } from '../../tiers/etcd/facts/members.ts'
import { type MaintenanceOptions, underLock } from '../../engine/under-lock.ts'
import type { Availability } from '../../engine/with-recorder.ts'
import { counted } from '../../spec/units.ts'

export interface CompactOptions extends MaintenanceOptions {
  /** The history before this revision goes; or all but the last so many revisions. */
  readonly target: { readonly revision: number } | { readonly keep: number }
  /** Waits until every member has freed the space within its file. */
  readonly physical?: boolean | undefined
}

export interface CompactReport {
  /** False: it was compacted that far already. */
  readonly changed: boolean
  /** The first revision that can still be read. */
  readonly revision: number
  readonly availability: Availability | undefined
}

/** @throws QuorateError `blocked` without a majority, or for a revision that there is not yet; `etcd`. */
export async function compactHistory(session: Session, options: CompactOptions): Promise<CompactReport> {
  const { target, physical = false, confirm, probe } = options
  const { condition } = await lookAtMembers(session)
  // Fixed now: what is shown is what is done, however many revisions come meanwhile.
  const revision = 'revision' in target ? target.revision : Math.max(0, condition.revision - target.keep)
  const [first] = await healthyClients(session, condition)
  const gone = first !== undefined && (await isCompacted(first, revision, session.signal))
  const plan = (now: ClusterCondition) => planCompact(revision, gone, now)
  const recorded = await underLock(session, { name: 'compact', plan, confirm, probe }, async (under) => {
    const [step] = under.steps
    if (step === undefined) return false
    under.session.emit({ type: 'wave', steps: [step] })
    return await timed(under.session.emit, step, async () => {
      const clients = await healthyClients(session, under.condition)
      return await compact(clients, revision, { physical, signal: under.signal })
    })
  })
  return { changed: recorded?.result ?? false, revision, availability: recorded?.availability }
}

function planCompact(revision: number, gone: boolean, condition: ClusterCondition): MaintenancePlan {
  const { revision: newest } = condition
  const missing = noQuorum(condition)
  if (missing.length > 0) return refusal(missing)
  if (revision > newest) {
    const message = `there is no revision ${revision} yet: the newest is ${newest}`
    return refusal([{ message, hint: 'keep some history: quorate compact --keep 1000' }])
  }
  if (gone) return refusal([])
  const step: MaintenanceStep = {
    kind: 'compact',
    revision,
    what: `compact the history before revision ${revision}`,
    why: `the newest is ${newest}`,
    danger: 'none',
  }
  const left = newest - revision
  return {
    steps: [step],
    blocked: [],
    risks: [
      `The history before revision ${revision} goes for good; the present keys and values stay, and the last ${counted(left, 'revision')} can still be read.`,
      'A watcher or a paged read that is further behind is told so and has to begin anew: API servers list everything again then.',
      'Files get no smaller by it: the space is used again, or given back by quorate defrag.',
    ],
  }
}

/** @throws QuorateError `usage` unless exactly one is given. */
export function compactTarget(
  keep: number | undefined,
  revision: number | undefined,
): CompactOptions['target'] {
  if (keep !== undefined && revision === undefined) return { keep }
  if (revision !== undefined && keep === undefined) return { revision }
  throw new QuorateError('usage', 'how far? Either --keep N or --revision R is needed, and not both', {
    hint: 'keep the last thousand revisions: quorate compact --keep 1000',
  })
}
