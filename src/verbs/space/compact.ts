/** `quorate compact`: removes old revisions of all keys. */
import { QuorateError } from '../../errors.ts'
import { isCompacted } from '../../etcd/upkeep.ts'
import { decideCompact, planCompact } from './decide-compact.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { healthyClients, standingNow } from '../../tiers/etcd/facts/members.ts'
import { NO_PROGRESS, type SpaceFacts } from '../../tiers/etcd/steps/space.ts'
import type { MaintenanceOptions } from '../../tiers/etcd/under-lock.ts'
import type { Availability } from '../../engine/with-recorder.ts'
import { type SpaceVerb, runSpaceVerb } from './run.ts'

export interface CompactOptions extends MaintenanceOptions {
  /** Removes the history before this revision, or all but this many of the latest revisions. */
  readonly target: { readonly revision: number } | { readonly keep: number }
  /** Waits until every member has freed the space within its database file. */
  readonly physical?: boolean | undefined
}

export interface CompactReport {
  /** False: it was compacted that far already. */
  readonly changed: boolean
  /** The first revision that can still be read. */
  readonly revision: number
  readonly availability: Availability | undefined
}

/** @throws QuorateError `blocked` without a majority, or for a revision that doesn't exist yet; `etcd`. */
export async function compactHistory(session: Session, options: CompactOptions): Promise<CompactReport> {
  const { target, physical = false } = options
  const standing = await standingNow(session)
  // Fixed now, so that what was shown is done, however many revisions are added in between.
  const revision = 'revision' in target ? target.revision : Math.max(0, standing.revision - target.keep)
  const [first] = await healthyClients(session, standing)
  const gone = first !== undefined && (await isCompacted(first, revision, session.signal))
  const { done, vain, availability } = await runSpaceVerb(session, compactVerb(revision, gone), {
    ...options,
    physical,
  })
  return { changed: done.length > vain.length, revision, availability }
}

/** @param gone the history before this revision is already removed */
export function compactVerb(revision: number, gone: boolean): SpaceVerb<SpaceFacts> {
  return {
    name: 'compact',
    begin: (standing) => ({ standing, progress: { ...NO_PROGRESS, compacted: gone } }),
    plan: ({ standing, progress }) => planCompact(revision, progress.compacted, standing),
    decide: (facts) => decideCompact(revision, facts),
  }
}

/** @throws QuorateError `usage` unless exactly one is given. */
export function compactTarget(
  keep: number | undefined,
  revision: number | undefined,
): CompactOptions['target'] {
  if (keep !== undefined && revision === undefined) return { keep }
  if (revision !== undefined && keep === undefined) return { revision }
  throw new QuorateError('usage', 'give either --keep N or --revision R', {
    hint: 'keep the last thousand revisions: quorate compact --keep 1000',
  })
}
